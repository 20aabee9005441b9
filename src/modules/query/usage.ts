import { AppError } from '../../common/app-error';
import { batchCheck, batchWrite, type BatchCheck, type BatchWrite } from '../../database/batch-statement';
import type { Permission } from '../permissions/permission';
import type { Run, RunOutcome } from './run';
import { usageCount, usageErrors, usageWithin, type UsageChange, type UsageKind } from './usage-statements';

const DAY_MS = 86_400_000;
/** Every run asks for the same one. */
let lastDay = { number: Number.NaN, text: '' };

type Bounds = Pick<Permission, 'maxConcurrentQueries' | 'dailyRuns' | 'dailyRows' | 'dailySeconds'>;
type Begun = Pick<Run, 'id' | 'caller' | 'connection' | 'permission' | 'day'>;

function boundsOf(permission: Bounds): readonly (readonly [UsageKind, number])[] {
  const all: readonly (readonly [UsageKind, number | null])[] = [
    ['running', permission.maxConcurrentQueries],
    ['runs', permission.dailyRuns],
    ['rows', permission.dailyRows],
    ['seconds', permission.dailySeconds],
  ];
  return all.flatMap(([kind, most]) => (most === null ? [] : [[kind, most] as const]));
}

/** The day of UTC, as ISO 8601 has it. */
export function dayOf(time: number): string {
  const number = Math.floor(time / DAY_MS);
  if (number !== lastDay.number) lastDay = { number, text: new Date(time).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** Whether what the run uses is counted: nothing is where nobody set a bound. */
export function isCounted({ permission }: Pick<Run, 'permission'>): boolean {
  const { maxConcurrentQueries, dailyRuns, dailyRows, dailySeconds } = permission;
  return maxConcurrentQueries !== null || dailyRuns !== null || dailyRows !== null || dailySeconds !== null;
}

/** What a run counts at its start, in the commit that records its intent. */
export function usageAtBegin(run: Begun): BatchWrite[] {
  if (!isCounted(run)) return [];
  return [
    batchWrite(usageCount, { ...placeOf(run), runs: 1, rows: 0, milliseconds: 0, running: runningOf(run) }),
  ];
}

/** That the run keeps within the bounds of its permission, itself counted. */
export function usageChecks(run: Begun): BatchCheck[] {
  if (!isCounted(run)) return [];
  return boundsOf(run.permission).map(([kind, most]) => {
    const key = `${run.id}:${kind}`;
    return batchCheck(usageWithin, { ...placeOf(run), key, kind, most }, key, usageErrors[kind]);
  });
}

/**
 * What a run counts at its end.
 * @param ran `false` for one that was refused when its intent was committed: it gives back what it had counted
 */
export function usageAtEnd(
  run: Begun & Pick<Run, 'rowsRead'>,
  outcome: RunOutcome,
  ran: boolean,
): BatchWrite[] {
  if (!isCounted(run)) return [];
  const change: UsageChange = {
    ...placeOf(run),
    runs: ran ? 0 : -1,
    rows: ran ? (outcome.rowCount ?? run.rowsRead) : 0,
    milliseconds: ran ? outcome.executionTimeMs : 0,
    running: -runningOf(run),
  };
  return [batchWrite(usageCount, change)];
}

/** The refusal with what the caller needs to know of it; others as they are. */
export function explainUsage(error: AppError, now: number): AppError {
  const { code, extra } = error;
  if (code === 'query.too_many_running')
    return new AppError(code, 'Wait for one of your statements to end', { extra, retryAfterSeconds: 1 });
  if (code !== 'query.budget_exhausted') return error;
  const retryAfterSeconds = Math.ceil((DAY_MS - (now % DAY_MS)) / 1000);
  return new AppError(code, 'It is whole again at midnight, UTC', { extra, retryAfterSeconds });
}

function placeOf({ caller, connection, day }: Begun): Pick<UsageChange, 'userId' | 'connectionId' | 'day'> {
  return { userId: caller.principal.userId, connectionId: connection.id, day };
}

function runningOf({ permission }: Begun): number {
  return permission.maxConcurrentQueries === null ? 0 : 1;
}
