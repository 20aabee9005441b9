import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller, Principal, RequestOrigin } from './principal';

/** What the guards and hooks put on a request. */
export interface SluiceRequest extends FastifyRequest {
  principal?: Principal;
}

export function originOf(request: FastifyRequest): RequestOrigin {
  const userAgent = request.headers['user-agent'];
  return { requestId: request.id, ip: request.ip || null, userAgent: userAgent?.slice(0, 500) ?? null };
}

/** The principal and the request it speaks through; only on routes that are not public. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<SluiceRequest>();
  if (!request.principal) throw new Error('a route without credentials has no caller');
  return { principal: request.principal, origin: originOf(request) };
});

/** The request alone, for public routes. */
export const CurrentOrigin = createParamDecorator((_: unknown, context: ExecutionContext): RequestOrigin =>
  originOf(context.switchToHttp().getRequest<SluiceRequest>()),
);
