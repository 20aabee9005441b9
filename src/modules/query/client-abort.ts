import type { FastifyReply, FastifyRequest } from 'fastify';

/** Aborts with `client_gone` when the client is gone before it has its answer; others may abort it for their reasons. */
export function clientAbort(request: FastifyRequest, reply: FastifyReply): AbortController {
  const controller = new AbortController();
  // `close` of the response also comes after a complete answer; then nobody listens any more.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort('client_gone');
  });
  if (request.raw.destroyed && !request.raw.complete) controller.abort('client_gone');
  return controller;
}
