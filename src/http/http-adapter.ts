import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyServerOptions,
} from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config';
import { answerClientError } from './client-error';
import { acceptOnlyJson } from './json-body.parser';
import { ProblemFilter } from './problem.filter';
import { requestIdOf } from './request-id';
import { RouteTable } from './route-table';

/** Time to receive a whole request, headers and body, in milliseconds: a slow sender must not hold a socket for ever. */
const REQUEST_TIMEOUT_MS = 120_000;

export interface HttpShell {
  readonly adapter: FastifyAdapter;
  readonly filter: ProblemFilter;
}

/** Fastify as the service wants it; everything it refuses by itself is answered as a problem, too. */
export function createHttpShell(config: Config, log: Logger): HttpShell {
  const routes = new RouteTable();
  const filter = new ProblemFilter(log, routes);
  const options: FastifyServerOptions & { skipMiddie: boolean; multipart: false } = {
    loggerInstance: log.child({ context: 'Fastify' }, { level: 'warn' }),
    // A child logger for each request would cost more than the one line it writes.
    childLoggerFactory: (logger: FastifyBaseLogger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    requestIdHeader: false,
    genReqId: requestIdOf,
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => filter.answer(error, request, reply),
    // No Nest middleware here, so no middleware engine on every request.
    skipMiddie: true,
    multipart: false,
  };
  const adapter = new FastifyAdapter(options as never) as FastifyAdapter;
  const instance: FastifyInstance = adapter.getInstance();
  instance.addHook('onRoute', ({ url, method }) => routes.add(url, method));
  acceptOnlyJson(instance);
  return { adapter, filter };
}
