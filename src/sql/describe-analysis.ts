import { fullName } from '../common/relation-description';
import type { Analysis } from './facts';

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
    ...relations.map((relation) => fullName(relation) + (relation.access === 'write' ? ':write' : '')),
    ...functions.filter(({ safe }) => !safe).map((reference) => `${fullName(reference)}!`),
    ...(parameterCount === 0 ? [] : [`$${parameterCount}`]),
  ].join(' ');
}
