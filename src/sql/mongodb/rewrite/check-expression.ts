import { refuse } from '../../refused';
import { isObject } from '../json';
import type { Json, JsonObject } from '../strict-json';

type Scope = ReadonlySet<string>;
type Binder = (argument: JsonObject, scope: Scope) => Scope;

const systemVariables: Scope = new Set(['ROOT', 'CURRENT', 'NOW', 'CLUSTER_TIME', 'REMOVE']);
const named = (scope: Scope, ...names: (Json | undefined)[]): Scope =>
  new Set([...scope, ...names.filter((name) => typeof name === 'string')]);

/** Operators that name variables, the members that see them, and the names. */
const binders: Readonly<Record<string, { readonly inner: readonly string[]; readonly bind: Binder }>> = {
  $let: {
    inner: ['in'],
    bind: ({ vars }, scope) => named(scope, ...Object.keys(isObject(vars) ? vars : {})),
  },
  $map: {
    inner: ['in'],
    bind: ({ as, arrayIndexAs }, scope) => named(scope, as ?? 'this', arrayIndexAs),
  },
  $filter: {
    inner: ['cond'],
    bind: ({ as, arrayIndexAs }, scope) => named(scope, as ?? 'this', arrayIndexAs),
  },
  $reduce: {
    inner: ['in'],
    bind: ({ as, arrayIndexAs }, scope) => named(scope, as ?? 'this', 'value', arrayIndexAs),
  },
};

/**
 * Every variable that an administrator's expression uses must be its own: one that is not could be given a meaning by the
 * `let` of a `$lookup` around it. @throws Refused `policy.broken`
 */
export function requireClosed(value: Json, scope: Scope): void {
  if (typeof value === 'string') return requireKnown(value, scope);
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) requireClosed(item, scope);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === '$literal') continue;
    const binder = binders[name];
    if (binder === undefined || !isObject(member)) requireClosed(member, scope);
    else
      for (const [part, inner] of Object.entries(member))
        requireClosed(inner, binder.inner.includes(part) ? binder.bind(member, scope) : scope);
  }
}

function requireKnown(text: string, scope: Scope): void {
  if (!text.startsWith('$$')) return;
  const name = text.slice(2).split('.', 1)[0] ?? '';
  if (!systemVariables.has(name) && !scope.has(name))
    refuse('policy.broken', `A policy uses the variable $$${name.slice(0, 60)}, which it does not define`);
}
