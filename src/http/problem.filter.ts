import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { AppError } from '../common/app-error';
import { pathOf, problemOf } from './problem';
import type { RouteTable } from './route-table';

/** The one place that knows how an error becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Logger,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = request.is404 ? this.notRouted(request, reply) : thrown;
    const { problem, headers } = problemOf(error, request.id, request.raw.url ?? '/');
    // Whoever hung up in the middle of a body is no failure of ours, and nobody is there to be answered.
    const hungUp = request.raw.readableAborted;
    if (problem.status >= 500 && !hungUp) this.report(error, request);
    if (reply.raw.headersSent || reply.raw.destroyed) {
      // Half an answer is on its way: only breaking the connection tells the client that it is not whole.
      reply.raw.destroy();
      return;
    }
    void reply
      .code(problem.status)
      .headers({ 'x-request-id': request.id, ...headers })
      .send(JSON.stringify(problem));
  }

  private notRouted(request: FastifyRequest, reply: FastifyReply): AppError {
    const allowed = this.routes.methodsOf(pathOf(request.raw.url ?? '/'));
    // The path may look right and still be none: `%zz` decodes to nothing.
    if (allowed.length === 0 || allowed.includes(request.method)) return new AppError('request.not_found');
    void reply.header('allow', allowed.join(', '));
    return new AppError('request.method_not_allowed');
  }

  private report(error: unknown, request: FastifyRequest): void {
    const ours = !(error instanceof AppError) || error.definition.fault === 'us';
    const route = request.routeOptions?.url;
    this.log[ours ? 'error' : 'info']({ err: error, requestId: request.id, route }, 'request failed');
  }
}
