import { createHash } from 'node:crypto';
import type { DescribedColumn } from '../../common/relation-description';
import type { MaskKind } from '../policy/relation-policy';

type BuiltInMask = Exclude<MaskKind, 'expression'>;
type MaskText = (value: string, column: Pick<DescribedColumn, 'type' | 'textual'>, hashKey: Buffer) => string;

/** RFC 2104 over SHA-256: the key is at most one block of 64 bytes. */
function hmac(value: string, hashKey: Buffer): string {
  const key = Buffer.alloc(64);
  (hashKey.length > 64 ? createHash('sha256').update(hashKey).digest() : hashKey).copy(key);
  const pad = (byte: number): string =>
    `pg_catalog.decode('${Buffer.from(key.map((one) => one ^ byte)).toString('hex')}', 'hex')`;
  const inner = `pg_catalog.sha256(${pad(0x36)} || pg_catalog.convert_to(${value}, 'UTF8'))`;
  return `pg_catalog.encode(pg_catalog.sha256(${pad(0x5c)} || ${inner}), 'hex')`;
}

const around = (value: string, first: number, last: number, atLeast: number): string =>
  `CASE WHEN pg_catalog.length(${value}) < ${atLeast} THEN '***'
   ELSE pg_catalog.left(${value}, ${first}) || '***' || pg_catalog.right(${value}, ${last}) END`;

const masks: Readonly<Record<BuiltInMask, MaskText>> = {
  email: (value) => {
    // the domain is behind the last @; a local part may hold one in quotes (RFC 5321, 4.1.2)
    const domain = `pg_catalog.substring(${value}, '[^@]*$')`;
    const local = `(pg_catalog.length(${value}) - pg_catalog.length(${domain}) - 1)`;
    return `CASE WHEN pg_catalog.strpos(${value}, '@') = 0 THEN '***'
      ELSE pg_catalog.left(${value}, CASE WHEN ${local} > 2 THEN 2 WHEN ${local} = 2 THEN 1 ELSE 0 END)
        || '***@' || ${domain} END`;
  },
  phone: (value) => around(value, 3, 4, 10),
  card_number: (value) => around(value, 4, 4, 12),
  name: (value) => `pg_catalog.left(${value}, 1) || '***'`,
  full: (_value, { textual, type }) => (textual ? `'***'::text` : `NULL::${type}`),
  hash: (value, _column, hashKey) => hmac(value, hashKey),
  null: (_value, { type }) => `NULL::${type}`,
};

/** Kinds whose expression is NULL or constant by itself. */
const keepsNothing: ReadonlySet<MaskKind> = new Set(['null']);

/**
 * The SQL of a mask over `column`, an expression; it raises no error for any value.
 *
 * @param hashKey 32 bytes
 */
export function maskExpression(
  mask: BuiltInMask,
  column: string,
  described: Pick<DescribedColumn, 'type' | 'textual'>,
  hashKey: Buffer,
): string {
  if (keepsNothing.has(mask) || (mask === 'full' && !described.textual))
    return masks[mask](column, described, hashKey);
  const value = `(${column})::text`;
  return `CASE WHEN (${column}) IS NULL THEN NULL ELSE (${masks[mask](value, described, hashKey)}) END`;
}
