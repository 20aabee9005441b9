import { AppError } from '../../../common/app-error';
import type { Dialect } from '../../../common/dialect';
import type { Cell } from '../../../drivers/cell';

/** A text as its engine compares it: units that are compared one by one, the shorter padded. */
export interface Weights {
  readonly units: string;
  readonly pad: string;
}

/** What one collation makes of texts. */
interface Comparison {
  readonly weightsOf: (text: string, told: readonly string[]) => Weights;
  /** Whether the order of the weights is that of the texts, or only their equality. */
  readonly isOrdered: boolean;
}

const bytes = (text: string): Weights => ({ units: Buffer.from(text, 'utf8').toString('latin1'), pad: '' });

/**
 * By code point, where the server says that it does so: the databases hold UTF-8, whose bytes have that order.
 * `collation_name` of the manual 24.2.2.
 */
const ordered = new Set(['"C"', '"POSIX"', 'ucs_basic', 'pg_c_utf8']);
/** Deterministic, all that come with the server; of those that somebody has made nothing is known. */
const deterministic =
  /^("default"|"unicode"|unicode|pg_unicode_fast|"[A-Za-z-]+-x-icu"|"[a-z]{2,3}_[A-Z]{2}(\.[A-Za-z0-9-]+)?")$/;

function postgresqlComparison(name: string): Comparison | null {
  const isOrdered = ordered.has(name);
  if (!isOrdered && !deterministic.test(name)) return null;
  return { weightsOf: bytes, isOrdered };
}

/** One level of weights, so that padding stands at the end; the collations of MySQL 8 that pad nothing have any levels. */
const singleLevel = /^(utf8|utf8mb3|utf8mb4|latin1|ascii)_([a-z0-9]+_)*(ci|bin)$/;
const severalLevels = /_(as|cs|w2|w3)(_|$)/;

function mysqlComparison(name: string): Comparison | null {
  if (name === 'binary') return { weightsOf: bytes, isOrdered: true };
  const padless = /_0900_/.test(name) || /_nopad_/.test(name);
  const known =
    /^utf8mb4(_[a-z]+)*_0900_/.test(name) || (singleLevel.test(name) && !severalLevels.test(name));
  if (!known) return null;
  return {
    isOrdered: true,
    weightsOf: (_, [units = '', pad = '']) => {
      if (padless || pad === '') return { units, pad: '' };
      let end = units.length;
      while (end >= pad.length && units.startsWith(pad, end - pad.length)) end -= pad.length;
      return { units: units.slice(0, end), pad };
    },
  };
}

/** Reads what the added columns of `MergeDialect.collationOf` say. One for each key: the collation hardly changes. */
export class TextCollation {
  private name: string | null = null;
  private comparison: Comparison | null = null;

  constructor(
    private readonly dialect: Dialect,
    private readonly mustOrder: boolean,
  ) {}

  /** @throws AppError `shard.not_mergeable` where nobody but the engine knows how it compares */
  weightsOf(text: string, said: Cell | undefined): Weights {
    const words = typeof said === 'string' ? said : '';
    const [name = '', ...told] = this.dialect === 'mysql' ? words.split(':') : [words];
    if (name !== this.name) {
      this.comparison = this.dialect === 'mysql' ? mysqlComparison(name) : postgresqlComparison(name);
      this.name = name;
    }
    if (!this.comparison || (this.mustOrder && !this.comparison.isOrdered)) {
      const hint =
        this.dialect === 'postgresql' ? '; COLLATE "C" has an order that is the same everywhere' : '';
      throw new AppError(
        'shard.not_mergeable',
        `Only the database knows how texts of the collation ${name} ${this.mustOrder ? 'are ordered' : 'are equal'}${hint}`,
      );
    }
    return this.comparison.weightsOf(text, told);
  }
}

export function compareWeights(a: Weights, b: Weights): number {
  if (a.units === b.units) return 0;
  const length = Math.max(a.units.length, b.units.length);
  const [one, two] = a.pad === '' ? [a.units, b.units] : [padded(a, length), padded(b, length)];
  return one < two ? -1 : one > two ? 1 : 0;
}

function padded({ units, pad }: Weights, length: number): string {
  return units + pad.repeat(Math.ceil(Math.max(0, length - units.length) / pad.length));
}
