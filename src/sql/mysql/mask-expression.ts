import { createHash } from 'node:crypto';
import type { DescribedColumn } from '../../common/relation-description';
import type { MaskKind } from '../policy/relation-policy';

type BuiltInMask = Exclude<MaskKind, 'expression'>;

/** Bytes rather than characters or numbers: shown and counted as hexadecimal digits, since any of them may be no text. */
const bytes =
  /^(?:tiny|medium|long)?blob|^(?:var)?binary|^bit|geom|^(?:multi)?(?:point|linestring|polygon)|^vector/i;

/** RFC 2104 over SHA-256, whose block is 64 bytes; SHA2 gives hexadecimal digits (manual, "Encryption Functions"). */
function hmac(value: string, hashKey: Buffer): string {
  const key = Buffer.alloc(64);
  (hashKey.length > 64 ? createHash('sha256').update(hashKey).digest() : hashKey).copy(key);
  const pad = (byte: number): string => `X'${Buffer.from(key.map((one) => one ^ byte)).toString('hex')}'`;
  return `SHA2(CONCAT(${pad(0x5c)}, UNHEX(SHA2(CONCAT(${pad(0x36)}, ${value}), 256))), 256)`;
}

const around = (value: string, first: number, last: number, atLeast: number): string =>
  `CASE WHEN CHAR_LENGTH(${value}) < ${atLeast} THEN '***' ELSE CONCAT(LEFT(${value}, ${first}), '***', RIGHT(${value}, ${last})) END`;

/** NULL of the column's own type. */
const nothing = (column: string): string => `IF(FALSE, ${column}, NULL)`;

interface MaskedColumn {
  /** The column's name. */
  readonly column: string;
  /** Its value as text. */
  readonly text: string;
  readonly textual: boolean;
  readonly isBytes: boolean;
}

const masks: Readonly<Record<BuiltInMask, (masked: MaskedColumn, hashKey: Buffer) => string>> = {
  email: ({ text }) => {
    // the domain is behind the last @; a local part may hold one in quotes (RFC 5321, 4.1.2)
    const domain = `SUBSTRING_INDEX(${text}, '@', -1)`;
    const local = `(CHAR_LENGTH(${text}) - CHAR_LENGTH(${domain}) - 1)`;
    return `CASE WHEN ${local} < 0 THEN '***' ELSE CONCAT(LEFT(${text}, LEAST(2, ${local} - 1)), '***@', ${domain}) END`;
  },
  phone: ({ text }) => around(text, 3, 4, 10),
  card_number: ({ text }) => around(text, 4, 4, 12),
  name: ({ text }) => `CONCAT(LEFT(${text}, 1), '***')`,
  full: ({ column, textual }) => (textual ? `IF(${column} IS NULL, NULL, '***')` : nothing(column)),
  // the same text has the same hash whatever the column's character set is
  hash: ({ column, text, isBytes }, hashKey) =>
    hmac(isBytes ? column : `CAST(CONVERT(${text} USING utf8mb4) AS BINARY)`, hashKey),
  null: ({ column }) => nothing(column),
};

/**
 * The SQL of a mask over `column`, a column's name. It raises no error for any value, and NULL stays NULL. Where
 * something of the text is shown the result has the column's own collation: comparing it with other columns works as it
 * did.
 *
 * @param hashKey 32 bytes
 */
export function maskExpression(
  mask: BuiltInMask,
  column: string,
  { type, textual }: Pick<DescribedColumn, 'type' | 'textual'>,
  hashKey: Buffer,
): string {
  const isBytes = bytes.test(type);
  const other = isBytes ? `HEX(${column})` : `CAST(${column} AS CHAR)`;
  return masks[mask]({ column, text: textual ? column : other, textual, isBytes }, hashKey);
}
