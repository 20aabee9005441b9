import type { RequestOrigin } from '../../common/principal';
import type { RowMode } from '../../drivers/row-layout';
import type { SealedColumn } from '../sealing/sealed-column';

export const jobSecretPlace: SealedColumn = { table: 'query_jobs', column: 'sealed' };

/** What the row of a job keeps sealed: whoever reads the table reads neither values nor results. */
export interface JobSecret {
  readonly text: string;
  readonly params: readonly unknown[];
  readonly maxRows?: number;
  readonly timeoutMs?: number;
  readonly rowMode: RowMode;
  /** Options of the format, as members of an address. */
  readonly options: Readonly<Record<string, string>>;
  readonly origin: Omit<RequestOrigin, 'auditId'>;
  /** Seals the result; base64. The rotation of keys seals it anew, and the result stays as it is. */
  readonly key: string;
}
