import { refuse, Refused } from '../../refused';
import type { MaskedMembers, RewriteRequest, Rewriting } from '../../policy/rewriting';
import { holds, isObject, itemsOf, membersOf, writeJson, stageOf, textOf } from '../json';
import { parseStrictJson, type Json, type JsonObject } from '../strict-json';
import { maskedAfter, noneMasked, type Masked } from './masked-members';
import { collationOf, collationText, isCalm, PipelineRewriter } from './pipeline-rewriter';
import { isPlainFilter } from './plain-filter';
import { proveRewritten } from './prove-rewritten';
import type { Reading } from './reading';
import { References } from './references';
import { isWriteOperation, requireWritableTarget, rewriteWrite } from './rewrite-write';
import { rewriteRead } from './rewrite-read';

/**
 * A document carries more than its members from stage to stage: the key of the index by which it was found, the key it
 * was sorted by. Those are as they are stored, whatever a mask has made of the members.
 */
function requireNoStoredValues(operation: JsonObject, written: ReadonlySet<Json>): void {
  const check = (part: Json): boolean => {
    for (const [name, value] of membersOf(part)) {
      if (name === '$meta' && value !== 'textScore')
        refuse('policy.unsupported', '$meta may only ask for the score of a search under a policy', {
          construct: '$meta',
        });
      // every path of a pipeline starts at CURRENT: a let of that name would put something else under the row filter
      if (name === 'let' && membersOf(value).some(([variable]) => /^[A-Z]/.test(variable)))
        refuse('policy.unsupported', 'A variable of the server cannot be given a value under a policy', {
          construct: 'let',
        });
    }
    return false;
  };
  holds(operation, check, written);
}

/** The collection that `$out` and `$merge` name. */
function targetOf(stage: JsonObject | undefined): { stage: string; argument: Json; name: string } | null {
  const [name, argument] = stageOf(stage);
  if (name !== '$out' && name !== '$merge') return null;
  const into = name === '$merge' && isObject(argument) ? (argument['into'] ?? null) : argument;
  const coll = isObject(into) ? into['coll'] : into;
  if (typeof coll !== 'string' || (isObject(into) && 'db' in into))
    return refuse('query.unsupported', 'Another database cannot be written from here', { construct: 'db' });
  return { stage: name, argument, name: coll };
}

function rewriteOperation(operation: JsonObject, rewriter: PipelineRewriter): JsonObject {
  const { collection, collation } = operation;
  const name = textOf(collection);
  if (isWriteOperation(textOf(operation['operation'])))
    return rewriteWrite(operation, rewriter.references.get(name));
  const { description } = rewriter.references.get(name);
  rewriter.collation = isObject(collation) ? collationText(collation) : collationOf(description);
  const reading = rewriter.reading(name);
  rewriter.main = reading;
  const rewritten = rewriteRead(operation, rewriter, reading);
  const target = targetOf(itemsOf(operation['pipeline']).at(-1) as JsonObject | undefined);
  if (target === null) return rewritten;
  const [masked = null] = rewriter.readings.flatMap(({ chain }) =>
    chain.flatMap((link) =>
      [...(link.policy?.masks.keys() ?? [])].map((path) => ({ collection: link.name, path })),
    ),
  );
  requireWritableTarget(target.stage, target.argument, rewriter.references.get(target.name), masked);
  return rewritten;
}

const hasMasks = ({ chain }: Reading): boolean =>
  chain.some(({ policy }) => policy !== null && policy.masks.size > 0);

/** What of the answer can be masked. */
function maskedMembers(operation: JsonObject, { readings, main }: PipelineRewriter): MaskedMembers | null {
  const { operation: name, pipeline, field } = operation;
  if (!readings.some(hasMasks) || isWriteOperation(textOf(name))) return null;
  const lookedUp = readings.some((reading) => reading !== main && hasMasks(reading));
  if (name === 'distinct') return { members: [textOf(field)] };
  if (pipeline === undefined) return null;
  const masked = maskedAfter(itemsOf(pipeline) as readonly JsonObject[], startOf(main), lookedUp);
  if (masked !== null && masked.size === 0) return null;
  return { members: masked === null ? null : [...masked].toSorted() };
}

/** The stages of the policy mask by expressions over the document, which then count as masked themselves. */
function startOf(main: Reading | null): Masked {
  const paths = (main?.chain ?? []).flatMap(({ policy }) => [...(policy?.masks.keys() ?? [])]);
  return paths.length === 0 ? noneMasked : new Set(paths.map((path) => path.split('.', 1)[0] ?? path));
}

function isFenced(operation: JsonObject): boolean {
  const { filter } = operation;
  return !isCalm(operation) || (filter !== undefined && !isPlainFilter(filter));
}

/**
 * A MongoDB operation as this viewer may ask it: collections and views with policies are read through leading stages of a
 * pipeline, wherever they are named. `find`, `count` and `distinct` become pipelines, `count` and `distinct` by the
 * member `through`, which only this function writes: `analyse` refuses it in what a caller sends.
 */
export function rewriteMongodb(request: RewriteRequest): Rewriting {
  const { text } = request;
  const operation = parseStrictJson(text).value as JsonObject;
  const references = new References(request);
  const rewriter = new PipelineRewriter(references, {
    text: JSON.stringify(operation),
    fenced: isFenced(operation),
  });
  let rewritten = operation;
  try {
    rewritten = rewriteOperation(operation, rewriter);
    if (references.missing.length === 0) {
      const written = references.policyStages;
      if (rewriter.readings.length > 0) requireNoStoredValues(rewritten, written);
      proveRewritten(rewritten, rewriter, written);
    }
  } catch (error) {
    // what was not looked up counted as not there: the refusal may not hold
    if (!(error instanceof Refused) || references.missing.length === 0) throw error;
  }
  if (references.missing.length > 0) return { ok: false, missing: references.missing };
  const sent = rewritten === operation ? text : writeJson(rewritten, text);
  return {
    ok: true,
    statement: {
      text: sent,
      edits: sent === text ? [] : [{ start: 0, end: text.length, text: sent }],
      relations: references.relations,
      restsOn: references.restsOn,
      maskedColumns: maskedMembers(rewritten, rewriter),
    },
  };
}
