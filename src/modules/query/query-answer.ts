import { hash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { RowMode } from '../../drivers/row-layout';
import { encodeResult, resultColumns } from './query-result';
import type { QueryAnswer } from './query.service';
import { digestOf } from './digest-of';

/**
 * Sends an answer, or 304 to whoever has it already (`If-None-Match`, RFC 9110, 13.1.2; the RFC knows 304 for GET only, and
 * a POST that reads is one in all but its name). By now the run is permitted and on record in either case.
 *
 * The tag is that of the result: columns, rows, and whether it was cut. What the answer says of the run is not part of it.
 */
export async function sendAnswer(
  reply: FastifyReply,
  { head, outcome }: Pick<QueryAnswer, 'head' | 'outcome'>,
  mode: RowMode,
  ifNoneMatch: string | undefined,
): Promise<void> {
  const digest = outcome.digest ?? (ifNoneMatch === undefined ? null : digestOf(outcome.data));
  if (digest !== null && outcome.affectedRows === null) {
    const columns = resultColumns(outcome.columns, head.maskedColumns);
    const tag = hash('sha256', JSON.stringify([mode, columns, outcome.truncated, digest]), 'base64url');
    void reply.header('etag', `"${tag}"`);
    if (ifNoneMatch !== undefined && names(ifNoneMatch, tag)) {
      await reply.code(304).header('x-query-id', head.queryId).send();
      return;
    }
  }
  await reply.header('content-type', 'application/json; charset=utf-8').send(encodeResult(head, outcome));
}

/** Weak comparison (RFC 9110, 8.8.3.2). `*` would be true of any answer, and asks for none: it is not taken. */
function names(ifNoneMatch: string, tag: string): boolean {
  return [...ifNoneMatch.matchAll(/"([^"]*)"/g)].some(([, one]) => one === tag);
}
