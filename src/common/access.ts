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

export const PUBLIC_ROUTE = 'sluice:public';
export const REQUIRED_RIGHT = 'sluice:right';

/** Opens a route to callers without credentials. A route with neither decorator is refused at run time. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC_ROUTE, true);

/** States the right a caller must hold. */
export const Requires = (right: Right): CustomDecorator => SetMetadata(REQUIRED_RIGHT, right);
