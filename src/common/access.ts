import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { Role } from './principal';

/** What a route needs. Which role holds which right is the table below and nowhere else. */
export const rights = [
  'self.manage',
  'schema.read',
  'history.read',
  'query.run',
  'connections.read',
  'connections.manage',
  'permissions.manage',
  'users.manage',
  'settings.manage',
  'audit.read',
  'metrics.read',
] as const;
export type Right = (typeof rights)[number];

const viewer: readonly Right[] = ['self.manage', 'schema.read', 'history.read', 'connections.read'];

const rightsByRole: Readonly<Record<Role, ReadonlySet<Right>>> = {
  viewer: new Set(viewer),
  user: new Set<Right>([...viewer, 'query.run']),
  admin: new Set(rights),
};

export function hasRight(role: Role, right: Right): boolean {
  return rightsByRole[role].has(right);
}

/** What a route says about its callers. */
export type RouteAccess =
  | { readonly kind: 'public' }
  | {
      readonly kind: 'protected';
      readonly right: Right;
      /**
       * `checked`: the session is read for every request. `cached`: it may be seconds old; only for routes that add
       * `SessionService.aliveCheck` to their group commit and so get the strict verdict before anything runs.
       */
      readonly session: 'checked' | 'cached';
    };

export const ROUTE_ACCESS = 'sluice:access';

/** Opens a route to callers without credentials. A route with neither decorator is refused at run time. */
export const Public = (): CustomDecorator =>
  SetMetadata(ROUTE_ACCESS, { kind: 'public' } satisfies RouteAccess);

/** States the right a caller must hold. */
export const Requires = (
  right: Right,
  { session = 'checked' }: { session?: 'checked' | 'cached' } = {},
): CustomDecorator => SetMetadata(ROUTE_ACCESS, { kind: 'protected', right, session } satisfies RouteAccess);
