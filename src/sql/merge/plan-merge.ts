import type { Dialect } from '../../common/dialect';
import { analyse } from '../analyse';
import type { Refusal } from '../facts';
import { Refused } from '../refused';
import type { MergePlan } from './merge-plan';
import { planMysql } from './plan-mysql';
import { planPostgresql } from './plan-postgresql';
import { refuseMerge } from './refuse-merge';

export type MergeAnalysis =
  { readonly ok: true; readonly plan: MergePlan } | { readonly ok: false; readonly refusal: Refusal };

const planners: Partial<Readonly<Record<Dialect, (text: string) => Promise<MergePlan>>>> = {
  mysql: planMysql,
  postgresql: planPostgresql,
};

/**
 * Whether a statement, asked of every part of a table, gives what it would give on the whole. By list: one relation,
 * its rows as they are or folded by plain aggregates; what is not known to merge exactly is refused by name.
 */
export async function planMerge(dialect: Dialect, text: string): Promise<MergeAnalysis> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) return analysis;
  try {
    if (analysis.facts.kind !== 'select') return refuseMerge(analysis.facts.kind.toUpperCase());
    const plan = planners[dialect];
    return { ok: true, plan: plan ? await plan(text) : refuseMerge('this dialect') };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}
