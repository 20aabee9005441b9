import type { FastifyReply } from 'fastify';
import type { SluiceRequest } from '../../../common/caller.decorator';
import type { Lifecycle } from '../../../common/lifecycle';
import type { Caller } from '../../../common/principal';
import { clientAbort } from '../client-abort';
import { chooseCoding } from './content-coding';
import { ResponseSink } from './response-sink';
import type { StreamFormat } from './stream-format';
import type { StreamTarget } from './stream-writer';

/** The answer of a request as a stream goes there: from the opening on its bytes are ours. */
export function streamTarget(
  request: SluiceRequest,
  reply: FastifyReply,
  caller: Caller,
  format: StreamFormat,
  lifecycle: Lifecycle,
): StreamTarget {
  const client = clientAbort(request, reply);
  const { 'accept-encoding': accepted, te = '' } = request.headers;
  const sink = new ResponseSink(reply.raw, {
    coding: format.compressed ? null : chooseCoding(accepted),
    // RFC 9110, 10.1.4: trailers only to whoever says that it keeps them.
    trailers: /\btrailers\b/i.test(String(te)),
    client,
  });
  return {
    sink,
    client,
    requestId: request.id,
    url: request.raw.url ?? '/',
    open: ({ queryId }) => {
      // Fastify would take a stream of its own, and put no reset at its end.
      reply.hijack();
      sink.start({
        ...reply.getHeaders(),
        'content-type': format.contentType,
        'x-query-id': queryId,
        // Hooks of Fastify do not see what is sent here.
        'x-audit-id': caller.origin.auditId,
        ...(format.extension && {
          'content-disposition': `attachment; filename="${queryId}.${format.extension}"`,
        }),
        ...(lifecycle.isStopping && { connection: 'close' }),
      });
    },
  };
}
