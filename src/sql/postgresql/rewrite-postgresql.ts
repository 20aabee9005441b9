import { loadModule } from 'libpg-query';
import { applyEdits, type EditedText } from '../policy/planned-edits';
import type { RewriteRequest, Rewriting } from '../policy/rewriting';
import { refuse } from '../refused';
import { fromUtf8Offsets } from '../text-position';
import { isPlain } from './is-plain';
import { parseChecked, parsePostgresql } from './parse-postgresql';
import { relationsRead } from './relations-read';
import { RelationBinder, type InlinedView } from './relation-binder';
import type { BoundColumn } from './scope';
import { rewriteWrite } from './rewrite-write';
import { StatementRewriter } from './statement-rewriter';
import { parseDefinition } from './parse-definition';

const flags = (columns: readonly BoundColumn[] | null, count: number, touched: boolean): boolean[] =>
  columns?.map(({ masked }) => masked) ?? Array.from({ length: count }, () => touched);

/**
 * A view's text with what it reads rewritten; `null` when it reaches nothing protected.
 * Refusals inside it are those of the statement that reads it.
 */
function inlineView(definition: string, binder: RelationBinder): InlinedView | null {
  const parsed = parseDefinition(definition);
  // What its functions read is unknown, so nothing of it is shown while anything on the connection is protected.
  if (parsed === null) return { sql: null, masked: [], filtered: false };
  const { text, tree } = parsed;
  const rewriter = new StatementRewriter(text, binder, {
    inView: true,
    isPlain: () => false,
    explained: false,
    write: rewriteWrite,
  });
  const columns = rewriter.rewrite(tree);
  if (!rewriter.changed) return null;
  return {
    sql: applyEdits(text, rewriter.edits).text,
    masked: flags(columns, 0, true),
    filtered: rewriter.filtered,
  };
}

/** Every protected relation of the result is named inside a derived table of ours, or is the target of a change. */
function prove({ text, spans }: EditedText, binder: RelationBinder): void {
  const [statement, ...more] = parseChecked(text);
  if (statement === undefined || more.length > 0)
    throw new Error('A rewritten statement is not one statement');
  const toPosition = fromUtf8Offsets(text);
  for (const { schema, name, location } of relationsRead(statement.tree)) {
    const position = toPosition(location);
    if (spans.some(({ start, end }) => position >= start && position < end)) continue;
    const relation = binder.find(schema, name);
    if (relation === null || (relation && binder.protectionOf(relation, false) === null)) continue;
    refuse('policy.unsupported', `The statement reads ${name} in a way that its policies cannot follow`);
  }
}

/** Derived tables at each reference of a protected relation. @throws Refused */
export async function rewritePostgresql(request: RewriteRequest): Promise<Rewriting> {
  await loadModule();
  const [statement] = await parsePostgresql(request.text);
  if (statement === undefined) return refuse('query.empty', 'The statement is empty');
  const binder = new RelationBinder(request, inlineView);
  const explained = 'ExplainStmt' in statement.tree;
  const rewriter = new StatementRewriter(request.text, binder, {
    inView: false,
    isPlain: () => isPlain(statement.tree),
    explained,
    write: rewriteWrite,
  });
  const columns = rewriter.rewrite(statement.tree);
  if (binder.missing.size > 0) return { ok: false, missing: [...binder.missing.values()] };
  const edited = applyEdits(request.text, rewriter.edits);
  if (rewriter.changed) prove(edited, binder);
  return {
    ok: true,
    statement: {
      text: rewriter.changed ? edited.text : request.text,
      edits: edited.edits,
      relations: [...binder.touched.values()],
      restsOn: [...binder.restsOn.values()],
      maskedColumns: !rewriter.touchesMasks || explained ? null : flags(columns, 0, true),
    },
  };
}
