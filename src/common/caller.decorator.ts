import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { isIP } from 'node:net';
import type { Caller, Principal, RequestOrigin } from './principal';

/** What the guards and hooks put on a request. */
export interface SluiceRequest extends FastifyRequest {
  principal?: Principal;
  origin?: RequestOrigin;
}

/** One object a request: what it leaves on record is noted there. */
export function originOf(request: SluiceRequest): RequestOrigin {
  return (request.origin ??= readOrigin(request));
}

function readOrigin(request: FastifyRequest): RequestOrigin {
  const userAgent = request.headers['user-agent'];
  // `inet` knows no zones (`fe80::1%eth0`), and what a proxy forwards need not be an address at all.
  const ip = request.ip?.replace(/%.*$/s, '') ?? '';
  return {
    requestId: request.id,
    ip: isIP(ip) === 0 ? null : ip,
    userAgent: userAgent?.slice(0, 500) ?? null,
  };
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
