import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { hasRight, ROUTE_ACCESS, type RouteAccess } from '../../common/access';
import { AppError } from '../../common/app-error';
import { originOf, type SluiceRequest } from '../../common/caller.decorator';
import type { Principal } from '../../common/principal';
import { byCaller } from '../audit/audit-event';
import { AuditService } from '../audit/audit.service';
import { addressGroup } from './address-group';
import { Authenticator } from './authenticator';
import { credentialOf } from './credential';
import { RequestLimiter } from './request-limiter';

/** The one door: who asks, may they, and not too often. A route that does not say whom it lets in lets nobody in. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly logger = new Logger(AccessGuard.name);

  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
    private readonly limiter: RequestLimiter,
    private readonly audit: AuditService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<SluiceRequest>();
    const access = this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === undefined) {
      this.logger.error(`${request.method} ${request.routeOptions.url} states no right`);
      throw new AppError('auth.forbidden', 'The route states no right');
    }
    if (access.kind === 'public') {
      this.limiter.take(addressGroup(request.ip));
      return true;
    }
    const principal = await this.authenticate(request, access.session);
    this.limiter.take(principal.userId);
    request.principal = principal;
    if (!hasRight(principal.role, access.right)) {
      await this.audit.record({
        action: 'auth.denied',
        result: 'failure',
        details: { right: access.right, method: request.method, route: request.routeOptions.url },
        ...byCaller({ principal, origin: originOf(request) }),
      });
      throw new AppError('auth.forbidden');
    }
    return true;
  }

  private async authenticate(request: SluiceRequest, session: 'checked' | 'cached'): Promise<Principal> {
    try {
      return await this.authenticator.authenticate(credentialOf(request.headers), session);
    } catch (error) {
      // Guessing tokens and keys counts against the address.
      this.limiter.take(addressGroup(request.ip));
      throw error;
    }
  }
}
