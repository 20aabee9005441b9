import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { SluiceRequest } from '../common/caller.decorator';
import type { Lifecycle } from '../common/lifecycle';
import type { Metrics } from '../common/metrics';
import { pathOf } from './problem';
import type { SecurityHeaders } from './security-headers';

export interface RequestHookParts {
  readonly headers: SecurityHeaders;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly access: Logger;
}

const MAX_UNROUTED_PATH = 200;

/** What happens to every request: identity and security headers at its start, figures and one line at its end. */
export function addRequestHooks(instance: FastifyInstance, parts: RequestHookParts): void {
  const { headers, lifecycle, metrics, access } = parts;
  instance.addHook('onRequest', (request, reply, done) => {
    const isDocs = (request.raw.url ?? '').startsWith('/docs');
    void reply.headers(isDocs ? headers.docs : headers.api).header('x-request-id', request.id);
    done();
  });
  instance.addHook('onSend', (request: SluiceRequest, reply, payload, done) => {
    const auditId = request.origin?.auditId;
    if (auditId !== undefined) void reply.header('x-audit-id', auditId);
    // Whoever keeps the connection alive is told to leave it, with the answer to a request from before the stop, too:
    // a client that sends its next request on a connection that is being closed would lose it (see drain).
    if (lifecycle.isStopping) void reply.header('connection', 'close');
    done(null, payload);
  });
  instance.addHook('onResponse', (request: SluiceRequest, reply, done) => {
    const seconds = reply.elapsedTime / 1000;
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    metrics.httpRequests.observe({ method: request.method, route, status: reply.statusCode }, seconds);
    access.info(
      {
        requestId: request.id,
        method: request.method,
        route,
        // A path that no route knows may be a secret pasted into the wrong place; it is cut, its query never shown.
        ...(request.is404 && { path: pathOf(request.raw.url ?? '').slice(0, MAX_UNROUTED_PATH) }),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ip: request.ip,
        userId: request.principal?.userId,
      },
      'request',
    );
    done();
  });
}
