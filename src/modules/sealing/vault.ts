import { Inject, Injectable } from '@nestjs/common';
import { open, seal, type Sealed } from '../../common/seal';
import { CONFIG, type Config } from '../../config/config';
import type { SealedColumn } from './sealed-column';

/**
 * Seals what rows of the system database keep secret, bound to table and row. A column is registered by the module it
 * belongs to, which makes the key rotation go over it; an unregistered one is neither sealed nor opened.
 */
@Injectable()
export class Vault {
  private readonly registered = new Map<string, SealedColumn>();

  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'encryptionKeys'>) {}

  /** Id of the key that seals; all that are loaded open. */
  get currentKeyId(): string {
    return this.config.encryptionKeys[0]!.id;
  }

  get columns(): readonly SealedColumn[] {
    return [...this.registered.values()];
  }

  register(column: SealedColumn): void {
    this.registered.set(column.table, column);
  }

  seal({ table }: SealedColumn, rowId: string, text: string): Sealed {
    return seal(this.config.encryptionKeys, text, this.associated(table, rowId));
  }

  /** @throws AppError `connection.key_unknown`, `connection.unsealable` */
  open({ table }: SealedColumn, rowId: string, sealed: Sealed): string {
    return open(this.config.encryptionKeys, sealed, this.associated(table, rowId));
  }

  private associated(table: string, rowId: string): string {
    if (!this.registered.has(table)) throw new Error(`no column of ${table} is registered as sealed`);
    return `${table}:${rowId}`;
  }
}
