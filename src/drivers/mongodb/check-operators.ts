import { AppError } from '../../common/app-error';
import { bsonKind } from './bson-kind';

type Members = Readonly<Record<string, unknown>>;

/** Code that the server would run: it reads and loops past every other check. */
const javascript = new Set(['$where', '$function', '$accumulator', '$_internalJsEmit', '$_internalJsReduce']);
const writing = new Set(['$out', '$merge']);

/** Stages that read nothing but the collections they name; those that show sessions, plans or other operations are not here. */
const stages = new Set([
  '$addFields',
  '$bucket',
  '$bucketAuto',
  '$count',
  '$densify',
  '$documents',
  '$facet',
  '$fill',
  '$geoNear',
  '$graphLookup',
  '$group',
  '$limit',
  '$lookup',
  '$match',
  '$project',
  '$redact',
  '$replaceRoot',
  '$replaceWith',
  '$sample',
  '$set',
  '$setWindowFields',
  '$skip',
  '$sort',
  '$sortByCount',
  '$unionWith',
  '$unset',
  '$unwind',
]);

const MAX_DEPTH = 100;
const refused = (construct: string): AppError =>
  new AppError('query.unsupported', `${construct} is not allowed here.`, { extra: { construct } });

/** @throws AppError when a member at any depth is an operator that runs code or writes. */
export function checkOperators(value: unknown, depth = 0): void {
  if (depth > MAX_DEPTH) throw new AppError('query.too_complex');
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  const kind = bsonKind(value);
  if (kind === 'Code') throw refused('JavaScript');
  if (kind !== undefined && kind !== 'DBRef') return;
  for (const [name, member] of Object.entries(value)) {
    if (javascript.has(name) || name.startsWith('$_internal')) throw refused(name);
    if (writing.has(name)) throw new AppError('query.read_only', `${name} writes.`);
    checkOperators(member, depth + 1);
  }
}

/** @throws AppError when a stage is not known, or writes without being the last one of a write. */
export function checkPipeline(pipeline: readonly Members[], access: 'read' | 'write', depth = 0): void {
  if (depth > MAX_DEPTH) throw new AppError('query.too_complex');
  for (const [index, stage] of pipeline.entries()) {
    const names = Object.keys(stage);
    const [name = ''] = names;
    if (names.length !== 1) throw new AppError('query.invalid_operation', 'A stage has one member.');
    const last = depth === 0 && index === pipeline.length - 1;
    if (writing.has(name) && access === 'write' && last) {
      requireTarget(stage[name]);
      checkOperators(stage[name]);
      continue;
    }
    if (writing.has(name)) throw new AppError('query.read_only', `${name} writes.`);
    if (!stages.has(name)) throw refused(`The stage ${name}`);
    checkStage(name, stage[name], depth);
    checkOperators(stage[name]);
  }
}

/** Collections of another database, and pipelines inside the stages that hold them. */
function checkStage(name: string, body: unknown, depth: number): void {
  const members = typeof body === 'object' && body !== null ? (body as Members) : {};
  if (name === '$facet') {
    for (const inner of Object.values(members)) checkInner(inner, depth);
    return;
  }
  if (name !== '$lookup' && name !== '$unionWith' && name !== '$graphLookup') return;
  const from = name === '$unionWith' ? (typeof body === 'string' ? body : members['coll']) : members['from'];
  if ('db' in members) throw refused('Another database');
  if (from !== undefined) requireCollection(from);
  if (members['pipeline'] !== undefined) checkInner(members['pipeline'], depth);
}

function checkInner(inner: unknown, depth: number): void {
  const valid = Array.isArray(inner) && inner.every((stage) => typeof stage === 'object' && stage !== null);
  if (!valid) throw new AppError('query.invalid_operation', 'A pipeline is an array of stages.');
  checkPipeline(inner as Members[], 'read', depth + 1);
}

function requireTarget(body: unknown): void {
  const into =
    typeof body === 'object' && body !== null
      ? ((body as Members)['into'] ?? (body as Members)['coll'])
      : body;
  if (typeof body === 'object' && body !== null && 'db' in body) throw refused('Another database');
  requireCollection(into);
}

/** @throws AppError when it is not the name of a collection of users. */
export function requireCollection(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || /[\0$]/.test(name) || name.startsWith('.')) {
    throw new AppError('query.invalid_operation', 'A collection is named by a string.');
  }
  if (name.startsWith('system.')) throw refused('A collection of the system');
}
