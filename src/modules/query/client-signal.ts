import type { FastifyReply, FastifyRequest } from 'fastify';

/** Aborts when the client is gone before it has its answer. */
export function clientSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  // `close` of the response also comes after a complete answer; then nobody listens any more.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort('client_gone');
  });
  if (request.raw.destroyed && !request.raw.complete) controller.abort('client_gone');
  return controller.signal;
}
