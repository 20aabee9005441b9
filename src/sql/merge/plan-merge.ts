import type { Dialect } from '../../common/dialect';
import { analyse } from '../analyse';
import type { Refusal } from '../facts';
import { Refused } from '../refused';
import { composePlan } from './compose-plan';
import { draftMysql } from './draft-mysql';
import { draftPostgresql } from './draft-postgresql';
import { mergeDialects } from './merge-dialect';
import type { MergePlan } from './merge-plan';
import { refuseMerge } from './refuse-merge';
import type { SelectDraft } from './select-draft';

export type MergeAnalysis =
  { readonly ok: true; readonly plan: MergePlan } | { readonly ok: false; readonly refusal: Refusal };

const readers: Readonly<Record<keyof typeof mergeDialects, (text: string) => Promise<SelectDraft>>> = {
  mysql: draftMysql,
  postgresql: draftPostgresql,
};

/**
 * Whether a statement, asked of every part of a table, gives what it would give on the whole, and how. By list: one
 * relation, its rows as they are or grouped by plain aggregates; what is not known to merge exactly is refused by name.
 */
export async function planMerge(dialect: Dialect, text: string): Promise<MergeAnalysis> {
  const analysis = await analyse(dialect, text);
  if (!analysis.ok) return analysis;
  try {
    if (analysis.facts.kind !== 'select') return refuseMerge(analysis.facts.kind.toUpperCase());
    if (dialect !== 'mysql' && dialect !== 'postgresql') return refuseMerge('this dialect');
    const draft = await readers[dialect](text);
    return { ok: true, plan: composePlan(text, draft, mergeDialects[dialect]) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}
