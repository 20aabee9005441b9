import { Inject, Injectable } from '@nestjs/common';
import { open, seal, type Sealed } from '../../common/seal';
import { CONFIG, type Config } from '../../config/config';
import type { ConnectionInput } from '../../drivers/driver';

/** Seals what describes a connection, bound to the connection's id. */
@Injectable()
export class ConnectionVault {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Id of the key that new configurations are sealed under. */
  get currentKeyId(): string {
    return this.config.encryptionKeys[0]!.id;
  }

  seal(connectionId: string, input: ConnectionInput): Sealed {
    return seal(this.config.encryptionKeys, JSON.stringify(input), associated(connectionId));
  }

  /** @throws AppError `connection.key_unknown`, `connection.unsealable` */
  open(connectionId: string, sealed: Sealed): ConnectionInput {
    return JSON.parse(open(this.config.encryptionKeys, sealed, associated(connectionId))) as ConnectionInput;
  }

  /** The same configuration under the current key. */
  reseal(connectionId: string, sealed: Sealed): Sealed {
    return seal(
      this.config.encryptionKeys,
      open(this.config.encryptionKeys, sealed, associated(connectionId)),
      associated(connectionId),
    );
  }
}

function associated(connectionId: string): string {
  return `database_connections:${connectionId}`;
}
