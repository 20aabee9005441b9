import type { Json } from '../strict-json';
import type { MaskKind } from '../../policy/relation-policy';

export type FixedMask = Exclude<MaskKind, 'expression' | 'hash'>;

/** Types whose values have a text; what `$convert` makes of documents, arrays and bytes is not taken for one. */
const withText = ['string', 'int', 'long', 'double', 'decimal', 'objectId', 'date', 'bool'];
const absent = ['missing', 'null', 'undefined'];

const typeIn = (value: string, types: readonly string[]): Json => ({ $in: [{ $type: value }, types] });
const letters = (start: Json, count: Json): Json => ({ $substrCP: ['$$text', start, count] });
const length: Json = { $strLenCP: '$$text' };
const fewerThan = (count: number): Json => ({ $lt: [length, count] });

const ends = (first: number, minimum: number): Json => ({
  $cond: [
    fewerThan(minimum),
    '***',
    { $concat: [letters(0, first), '***', letters({ $subtract: [length, 4] }, 4)] },
  ],
});

/** By the last `@`: what stands before it is the local part, whatever it holds (RFC 5321 §4.1.2). */
const email: Json = {
  $let: {
    vars: { domain: { $arrayElemAt: [{ $split: ['$$text', '@'] }, -1] } },
    in: {
      $let: {
        vars: { local: { $subtract: [{ $subtract: [length, { $strLenCP: '$$domain' }] }, 1] } },
        in: {
          $cond: [
            { $lt: ['$$local', 0] },
            '***',
            {
              $concat: [
                letters(0, { $max: [0, { $min: [2, { $subtract: ['$$local', 1] }] }] }),
                '***@',
                '$$domain',
              ],
            },
          ],
        },
      },
    },
  },
};

const ofText: Readonly<Record<Exclude<FixedMask, 'full' | 'null'>, Json>> = {
  email,
  phone: ends(3, 10),
  card_number: ends(4, 12),
  name: { $concat: [letters(0, 1), '***'] },
};

function scalar(kind: FixedMask, value: string): Json {
  if (kind === 'null') return null;
  if (kind === 'full') return { $cond: [typeIn(value, ['string']), '***', null] };
  const text = { $convert: { input: value, to: 'string', onError: null, onNull: null } };
  return {
    $cond: [
      typeIn(value, withText),
      {
        $let: {
          vars: { text },
          in: { $cond: [typeIn('$$text', ['string']), ofText[kind], '***'] },
        },
      },
      '***',
    ],
  };
}

/** Leaves what is not there, and null, as they are. */
export const unlessAbsent = (value: string, masked: Json): Json => ({
  $cond: [typeIn(value, absent), value, masked],
});

/**
 * The aggregation expression of a mask on the value of a variable (`$$name`). The elements of an array are masked one by
 * one where the kind says something of texts. Never fails, whatever the value.
 */
export function maskValue(kind: FixedMask, value: string): Json {
  if (kind === 'null' || kind === 'full') return unlessAbsent(value, scalar(kind, value));
  const elements = {
    $map: { input: value, as: 'element', in: unlessAbsent('$$element', scalar(kind, '$$element')) },
  };
  return unlessAbsent(value, { $cond: [{ $isArray: [value] }, elements, scalar(kind, value)] });
}
