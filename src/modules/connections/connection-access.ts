import { Injectable } from '@nestjs/common';
import { AppError, isAppError } from '../../common/app-error';
import type { Principal } from '../../common/principal';
import type { GrantedPermission } from '../permissions/permission';
import { PermissionsService } from '../permissions/permissions.service';
import { ConnectionDirectory } from './connection-directory';
import type { ConnectionRecord } from './connection-record';
import { ConnectionsService } from './connections.service';

export interface AccessibleConnection {
  readonly connection: ConnectionRecord;
  readonly permission: GrantedPermission;
}

/** Finds a connection together with what the principal may do on it. What is not there and what is not theirs look alike. */
@Injectable()
export class ConnectionAccess {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly permissions: PermissionsService,
    private readonly connections: ConnectionsService,
  ) {}

  /**
   * @param connectionId the principal's default connection when not given
   * @param fresh reads past the caches of this process; `false` is for whom `connectionUnchanged` and `permissionUnchanged`
   * confirm later
   * @throws AppError `connection.none_selected`, `resource.not_found`, `connection.inactive`
   */
  async require(principal: Principal, connectionId?: string, fresh = true): Promise<AccessibleConnection> {
    const id = connectionId ?? (await this.connections.activeIdOf(principal.userId));
    if (!id) {
      throw new AppError('connection.none_selected', 'Name a connectionId, or activate a connection first');
    }
    const [connection, permission] = await Promise.all([
      this.directory.find(id, fresh),
      this.permissions.find(principal, id, fresh),
    ]);
    if (!connection || !permission) throw new AppError('resource.not_found', 'There is no such connection');
    if (!connection.active) throw new AppError('connection.inactive');
    return { connection, permission };
  }

  /** The connection a refused request meant, for the record; `null` when it named nothing the principal may know of. */
  async peek(principal: Principal, connectionId?: string): Promise<ConnectionRecord | null> {
    try {
      return (await this.require(principal, connectionId)).connection;
    } catch (error) {
      if (isAppError(error)) return null;
      throw error;
    }
  }
}
