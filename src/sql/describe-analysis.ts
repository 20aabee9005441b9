import type { Analysis, FunctionRef, RelationRef } from './facts';

const qualified = ({ schema, name }: RelationRef | FunctionRef): string =>
  schema === null ? name : `${schema}.${name}`;

/**
 * An analysis on one line, for tests and debug logs: `select read t u:write fn! $2`, where `!` marks functions that are
 * not safe (safe ones are left out); a refusal is `query.read_only SELECT INTO`.
 */
export function describeAnalysis(analysis: Analysis): string {
  if (!analysis.ok) return [analysis.refusal.code, analysis.refusal.construct ?? ''].join(' ').trim();
  const { kind, access, relations, functions, parameterCount } = analysis.facts;
  return [
    kind,
    access,
    ...relations.map((relation) => qualified(relation) + (relation.access === 'write' ? ':write' : '')),
    ...functions.filter(({ safe }) => !safe).map((reference) => `${qualified(reference)}!`),
    ...(parameterCount === 0 ? [] : [`$${parameterCount}`]),
  ].join(' ');
}
