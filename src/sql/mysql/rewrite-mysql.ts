import { LRUCache } from 'lru-cache';
import { quoteIdentifier } from '../../common/quote/mysql';
import type { RelationDescription } from '../../common/relation-description';
import { applyEdits, type EditedText } from '../policy/planned-edits';
import type { RewriteRequest, Rewriting } from '../policy/rewriting';
import { refuse, Refused } from '../refused';
import { collectFacts } from './analyse-mysql';
import { equalitiesOf } from './equalities';
import { foldName } from './fold-name';
import { isPlain } from './is-plain';
import { parseMysql, type ParsedMysql } from './parse-mysql';
import { parsePolicyExpression, type ParsedPolicyExpression } from './policy-expression';
import type { InlinedView, PolicyExpression } from './protection';
import { RelationBinder, type TextBinder } from './relation-binder';
import { rewriteWrite } from './rewrite-write';
import { Scope, sourceOf, type BoundColumn } from './scope';
import { StatementRewriter, type RewriterOptions } from './statement-rewriter';

/** Expressions of policies and texts of views come again with every statement. */
const parsedTexts = new LRUCache<string, Promise<ParsedMysql>>({ max: 500 });
const parsedExpressions = new LRUCache<string, Promise<ParsedPolicyExpression>>({ max: 500 });

function once<T>(cache: LRUCache<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  // a parser that broke may be well the next time
  made.catch(() => cache.delete(key));
  return made;
}

const readOnly: ReadonlySet<string> = new Set(['select', 'values']);

/** A view's definition as it can be read; `null` where it cannot, or where what its functions read is unknown. */
async function parseDefinition(definition: string): Promise<ParsedMysql | null> {
  try {
    const parsed = await once(parsedTexts, definition, () => parseMysql(definition));
    const { functions } = collectFacts(parsed);
    return readOnly.has(parsed.kind) && functions.every(({ safe }) => safe) ? parsed : null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

async function view(
  { definition, columns: names }: RelationDescription,
  binder: RelationBinder,
): Promise<InlinedView | 'opaque' | null> {
  const text = definition ?? '';
  const parsed = await parseDefinition(text);
  if (parsed === null) return 'opaque';
  await binder.load(collectFacts(parsed).relations);
  try {
    const options = { inView: true, administrators: false, hashKey: binder.request.hashKey };
    const rewriter = new StatementRewriter(text, parsed, binder, options);
    const columns = rewriter.statement(parsed.tree);
    if (!rewriter.changed) return null;
    if (columns.length !== names.length) return 'opaque';
    return {
      sql: (fence) => applyEdits(text, rewriter.edits, fence).text,
      masked: columns.map(({ masked }) => masked),
      filtered: rewriter.filtered,
      plain: isPlain(parsed.tree, text),
    };
  } catch (error) {
    // such as a table that the account may not see
    if (error instanceof Refused) return 'opaque';
    throw error;
  }
}

const variablesKey = (request: RewriteRequest): string => JSON.stringify([...request.variables]);

async function expression(
  written: string,
  relation: RelationDescription,
  binder: RelationBinder,
): Promise<PolicyExpression> {
  const { request } = binder;
  const parsed = await once(parsedExpressions, `${variablesKey(request)}\n${written}`, () =>
    parsePolicyExpression(written, request.variables),
  );
  const { text, expression: tree, start, end } = parsed;
  const facts = collectFacts(parsed);
  // a bare name means a table beside the relation
  const references = facts.relations.map((one) => ({ ...one, schema: one.schema ?? relation.schema }));
  for (const one of references)
    if (binder.describe(one) === null)
      refuse('policy.broken', `A policy reads ${one.name}, which does not exist`);
  const columns = new Set<string>();
  const bind = (alias: string): string => {
    const options: RewriterOptions = { inView: false, administrators: true, hashKey: request.hashKey };
    const rewriter = new StatementRewriter(text, parsed, binder, options);
    rewriter.administratorsSchema = relation.schema;
    const level = new Scope(null);
    const own = relation.columns.map(({ name }) => ({ name, masked: false }));
    level.sources.push(
      sourceOf(relation.name, own, {
        schema: relation.schema,
        relation,
        strict: true,
        rename: (column) => {
          columns.add(foldName(column));
          return `${quoteIdentifier(alias)}.${quoteIdentifier(column)}`;
        },
      }),
    );
    rewriter.expression(tree, level, new Map());
    // what stands around the expression is not part of it
    const edited = applyEdits(text, rewriter.edits, false).text;
    return edited.slice(start, edited.length - (text.length - end));
  };
  // while something is not described yet, its columns are not known either
  if (binder.missing.size === 0) bind(relation.name);
  return { sql: bind, columns, equalities: equalitiesOf(tree, text) };
}

const texts: TextBinder = { view, expression };

/** Every protected relation of the result is named inside a text of ours, or is what the statement changes. */
async function prove({ text, spans }: EditedText, binder: RelationBinder): Promise<void> {
  const { relations } = collectFacts(await parseMysql(text));
  for (const { schema, name, access, position } of relations) {
    const inside = spans.some(({ start, end }) => position !== null && position >= start && position < end);
    if (inside || access === 'write' || binder.find({ schema, name })?.protection == null) continue;
    refuse('policy.unsupported', `The statement reads ${name} in a way that its policies cannot follow`);
  }
}

/**
 * A plan over protected tables is told as a table: the other forms print the conditions, and the key of a mask with them,
 * and ANALYZE counts rows that a filter hides.
 */
function explainPlainly({ explain, lexed }: ParsedMysql, text: string): string {
  if (explain === null) return text;
  if (explain.analyze === true || explain.format != null)
    refuse('policy.unsupported', 'EXPLAIN of tables with policies is told in the traditional form only', {
      construct: explain.analyze === true ? 'EXPLAIN ANALYZE' : 'EXPLAIN FORMAT',
    });
  const [first] = lexed.words;
  const end = (first?.position ?? 0) + (first?.word.length ?? 0);
  return `${text.slice(0, end)} FORMAT=TRADITIONAL${text.slice(end)}`;
}

/** Derived tables at each reference of a protected relation. @throws Refused */
export async function rewriteMysql(request: RewriteRequest): Promise<Rewriting> {
  const parsed = await parseMysql(request.text);
  const facts = collectFacts(parsed);
  const binder = new RelationBinder(request, texts);
  await binder.load(facts.relations);
  if (binder.missing.size > 0) return { ok: false, missing: [...binder.missing.values()] };
  const options = { inView: false, administrators: false, hashKey: request.hashKey };
  const rewriter = new StatementRewriter(request.text, parsed, binder, options, rewriteWrite);
  const columns = rewriter.statement(parsed.tree);
  const statement = { relations: [...binder.touched.values()], restsOn: [...binder.restsOn.values()] };
  const maskedColumns = masksOf(rewriter, columns, parsed);
  if (!rewriter.changed)
    return { ok: true, statement: { ...statement, text: request.text, edits: [], maskedColumns } };
  const fence = binder.needsFence || parsed.explain !== null || !isPlain(parsed.tree, request.text);
  const edited = applyEdits(request.text, rewriter.edits, fence);
  await prove(edited, binder);
  const text = explainPlainly(parsed, edited.text);
  return { ok: true, statement: { ...statement, text, edits: edited.edits, maskedColumns } };
}

function masksOf(
  rewriter: StatementRewriter,
  columns: readonly BoundColumn[],
  { explain }: ParsedMysql,
): readonly boolean[] | null {
  return rewriter.hasMasks && explain === null ? columns.map(({ masked }) => masked) : null;
}
