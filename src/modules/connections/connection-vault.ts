import { Injectable } from '@nestjs/common';
import type { Sealed } from '../../common/seal';
import type { ConnectionInput } from '../../drivers/driver';
import type { SealedColumn } from '../sealing/sealed-column';
import { Vault } from '../sealing/vault';

const place: SealedColumn = { table: 'database_connections', column: 'connection_config' };

/** Seals what describes a connection, bound to the connection's id. */
@Injectable()
export class ConnectionVault {
  constructor(private readonly vault: Vault) {
    vault.register(place);
  }

  seal(connectionId: string, input: ConnectionInput): Sealed {
    return this.vault.seal(place, connectionId, JSON.stringify(input));
  }

  /** @throws AppError `connection.key_unknown`, `connection.unsealable` */
  open(connectionId: string, sealed: Sealed): ConnectionInput {
    return JSON.parse(this.vault.open(place, connectionId, sealed)) as ConnectionInput;
  }
}
