import { isRepeatable, namesTheMoment } from '../../sql/is-repeatable';
import type { ConnectionRecord } from '../connections/connection-record';
import type { QueryRequestBody } from './query-request';
import type { Judgement } from './statement-gate';

/** How the cache of results may answer a run. */
export interface Caching {
  /** Seconds; an older result is not used. */
  readonly maxAgeSeconds: number;
  /** Seconds a result of this connection is kept, whoever asked for it. */
  readonly keepSeconds: number;
}

type Asked = Pick<QueryRequestBody, 'cache' | 'cacheTtlSeconds' | 'streamed' | 'text'>;

/**
 * `null` for what the cache does not answer: it was not asked to, or the same statement may give another answer without a
 * write. What administrators wrote into row filters counts as well: a filter that looks at the clock, or calls anything, is
 * asked each time.
 */
export function cachingOf(
  { cache, cacheTtlSeconds = Infinity, streamed, text }: Asked,
  { dialect, cacheTtlSeconds: ofConnection }: Pick<ConnectionRecord, 'dialect' | 'cacheTtlSeconds'>,
  { facts, policies, plan }: Pick<Judgement, 'facts' | 'policies' | 'plan'>,
  settingSeconds: number,
): Caching | null {
  if (cache === 'bypass' || streamed === true || dialect === null) return null;
  const keepSeconds = ofConnection ?? settingSeconds;
  const maxAgeSeconds = Math.min(cacheTtlSeconds, keepSeconds);
  if (maxAgeSeconds <= 0 || !isRepeatable(dialect, facts, text)) return null;
  if (plan.text !== text && (policies.callsFunctions || namesTheMoment(dialect, plan.text))) return null;
  return { maxAgeSeconds, keepSeconds };
}
