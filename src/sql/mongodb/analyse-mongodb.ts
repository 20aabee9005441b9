import type { StatementFacts } from '../facts';
import { refuse } from '../refused';
import { isObject } from './json';
import { memberForms, operations, type MemberForm, type Operation } from './operations';
import { parseStrictJson, type Json, type JsonObject } from './strict-json';
import { PipelineWalker } from './walk-pipeline';

type Take = (walker: PipelineWalker, value: Json) => boolean;

/** Walks a member of the form; false when it does not have it. */
const takers: Readonly<Record<MemberForm, Take>> = {
  document: (walker, value) => isObject(value) && walked(walker, value),
  documents: (walker, value) => Array.isArray(value) && value.every(isObject) && walked(walker, value),
  pipeline: (walker, value) => {
    walker.pipeline(value);
    return true;
  },
  // An update is a document of operators or a pipeline of the stages that change documents.
  update: (walker, value) => {
    if (Array.isArray(value)) walker.pipeline(value);
    return Array.isArray(value) || (isObject(value) && walked(walker, value));
  },
  text: (_walker, value) => typeof value === 'string' && value !== '' && !value.startsWith('$'),
  number: (_walker, value) => isCount(value),
  hint: (walker, value) => typeof value === 'string' || (isObject(value) && walked(walker, value)),
};

function walked(walker: PipelineWalker, value: Json): true {
  walker.document(value);
  return true;
}

/** A count as JSON or Extended JSON writes it. */
function isCount(value: Json): boolean {
  if (isObject(value)) {
    const [[type, digits] = []] = Object.entries(value);
    return (
      (type === '$numberInt' || type === '$numberLong') &&
      typeof digits === 'string' &&
      /^\d{1,18}$/.test(digits)
    );
  }
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

const invalid = (detail: string, construct: string, position?: number): never =>
  refuse('query.invalid_operation', detail, { construct, position });

function readOperation(value: Json): { request: JsonObject; name: string; operation: Operation } {
  if (!isObject(value)) return invalid('An operation is a JSON object', 'operation');
  const { operation: name } = value;
  const operation = typeof name === 'string' ? operations.get(name) : undefined;
  if (typeof name !== 'string' || operation === undefined)
    return invalid(`"operation" is one of ${[...operations.keys()].join(', ')}`, 'operation');
  return { request: value, name, operation };
}

/** The collection of an operation; the name may not hold what the wire protocol reads as a command. */
function readCollection({ collection }: JsonObject, position: number | undefined): string {
  if (typeof collection !== 'string' || collection === '' || collection.includes('$'))
    return invalid('"collection" is the name of a collection', 'collection', position);
  return collection;
}

/** Facts of one MongoDB operation, Extended JSON (api.md). @throws Refused */
export function analyseMongodb(text: string): StatementFacts {
  const { value, offsets } = parseStrictJson(text);
  const { request, name, operation } = readOperation(value);
  const position = offsets.get('collection');
  const walker = new PipelineWalker();
  walker.collector.relation(null, readCollection(request, position), operation.access, position ?? null);
  for (const member of operation.required)
    if (request[member] === undefined) invalid(`${name} needs the member "${member}"`, member);
  const known = new Set(['operation', 'collection', ...operation.required, ...operation.optional]);
  for (const [member, content] of Object.entries(request)) {
    const at = offsets.get(member);
    if (!known.has(member))
      invalid(`${name} has no member ${JSON.stringify(member.slice(0, 60))}`, member.slice(0, 60), at);
    const form = memberForms.get(member);
    if (form !== undefined && !takers[form](walker, content))
      invalid(`The member "${member}" has the wrong form`, member, at);
  }
  return walker.collector.facts(name);
}
