import { createHmac } from 'node:crypto';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { keyedHashFunction } from '../../../common/keyed-hash-function';
import type { SqliteValue } from '../column-type';

/** HMAC-SHA-256 as an SQL function, under the key of the statement that runs. */
export class KeyedHash {
  key: Uint8Array | null = null;

  constructor(db: DatabaseSyncInstance) {
    // direct only: neither views nor triggers nor indexes of the file may call it
    db.function(
      keyedHashFunction,
      { deterministic: true, directOnly: true, useBigIntArguments: true },
      (value: SqliteValue) => this.#digest(value),
    );
  }

  #digest(value: SqliteValue): string | null {
    if (this.key === null) throw new Error('there is no key');
    if (value === null) return null;
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');
    return createHmac('sha256', this.key).update(bytes).digest('hex');
  }
}
