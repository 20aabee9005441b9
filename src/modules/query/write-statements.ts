import {
  batchQuestion,
  batchWrite,
  type BatchQuestion,
  type BatchStatement,
  type BatchWrite,
} from '../../database/batch-statement';
import type { Run, RunOutcome } from './run';
import { placeOf } from './write-place';

/**
 * What has been written through the gate, as the cache of results must know it. A write raises the generation of its
 * place in the commit of its intent, before it is sent, and stands as under way until it has ended. A read learns both
 * in the commit of its own intent. So a result that was read under a generation while no write was under way holds
 * every write of before, and is found by nobody whose intent comes after the intent of the next:
 *
 * - a write whose intent the read has not seen has another generation behind it, and its effect is later than the intent;
 * - a write that the read saw under way keeps it from the cache;
 * - a write that the read saw ended had its effect before the read was sent.
 *
 * No signal has to arrive for it, and no Redis to be there.
 */
interface BegunWrite {
  readonly place: string;
  readonly instanceId: string;
}

interface WriteUnderWay {
  readonly runId: string;
  readonly place: string;
  readonly forMs: number;
}

/** Only this process changes its rows, and its commits come one after another: no replica waits for another. */
const raise: BatchStatement<BegunWrite> = {
  name: 'write_raise',
  sql: `INSERT INTO write_generations AS g (place, instance_id, generation)
    SELECT w.place, w.instance_id, count(*) FROM unnest($1::text[], $2::uuid[]) AS w(place, instance_id) GROUP BY 1, 2
    ON CONFLICT (place, instance_id) DO UPDATE SET generation = g.generation + excluded.generation, counted_at = now()`,
  columns: [(write) => write.place, (write) => write.instanceId],
};

const begin: BatchStatement<WriteUnderWay> = {
  name: 'write_begin',
  sql: `INSERT INTO writes_under_way (run_id, place, until)
    SELECT w.run_id, w.place, now() + w.ms * interval '1 millisecond'
    FROM unnest($1::uuid[], $2::text[], $3::double precision[]) AS w(run_id, place, ms)`,
  columns: [(write) => write.runId, (write) => write.place, (write) => write.forMs],
};

const end: BatchStatement<string> = {
  name: 'write_end',
  sql: 'DELETE FROM writes_under_way WHERE run_id = ANY($1::uuid[])',
  columns: [(runId) => runId],
};

/**
 * The object id of the table is part of the answer: a system database that was restored counts again from where it was,
 * and what Redis still holds from later must not be found.
 */
const generation: BatchStatement<string> = {
  name: 'write_generation',
  sql: `SELECT asked.place || ' ' || 'write_generations'::regclass::oid || '.' ||
      (SELECT coalesce(sum(g.generation), 0) FROM write_generations g WHERE g.place = asked.place) ||
      (SELECT coalesce(string_agg(' ' || w.run_id, ''), '') FROM writes_under_way w
        WHERE w.place = asked.place AND w.until > now()) AS key
    FROM (SELECT DISTINCT place FROM unnest($1::text[]) AS places(place)) AS asked`,
  columns: [(place) => place],
};

/** How long a write may still have an effect after its deadline: it is being stopped, or its process has died. */
const GRACE_MS = 60_000;

/** Whatever was read at this place before is not found any more. */
export function raiseGeneration(place: string, instanceId: string): BatchWrite {
  return batchWrite(raise, { place, instanceId });
}

/** What a write leaves in the commit of its intent. */
export function writeAtBegin(
  { id, connection, facts, limits }: Pick<Run, 'id' | 'connection' | 'facts' | 'limits'>,
  instanceId: string,
): BatchWrite[] {
  if (facts.access !== 'write') return [];
  const place = placeOf(connection);
  return [
    raiseGeneration(place, instanceId),
    batchWrite(begin, { runId: id, place, forMs: limits.timeoutMs + GRACE_MS }),
  ];
}

/** Failures after which a server may still be at it, or nobody knows whether it was. */
const uncertain: ReadonlySet<string> = new Set([
  'query.timeout',
  'query.cancelled',
  'query.database_error',
  'query.interrupted',
]);

/**
 * Whether a write has had all its effect when its outcome is known. Where the connection was lost, or the statement had to be
 * stopped, the server may still be at it: then the time it was given has to pass.
 * @param ran `false` for one that was never sent
 */
export function hasEnded({ errorCode }: Pick<RunOutcome, 'errorCode'>, ran: boolean): boolean {
  return !ran || errorCode === null || (errorCode.startsWith('query.') && !uncertain.has(errorCode));
}

/** With the outcome of a write that has ended. */
export function writeAtEnd(runId: string): BatchWrite {
  return batchWrite(end, runId);
}

/** To be understood by `generationOf`. */
export function askGeneration(place: string): BatchQuestion {
  return batchQuestion(generation, place, place);
}

/**
 * The generation of a place; `null` while a write is under way there.
 * @param isOver what this process knows has ended, although that is not in the commit yet
 */
export function generationOf(answer: string | null, isOver: (runId: string) => boolean): string | null {
  if (answer === null) return null;
  const [known, ...underWay] = answer.split(' ');
  return underWay.every(isOver) ? known! : null;
}
