import { AppError } from '../../../common/app-error';

/** Rows that a merge keeps at most: groups, or rows that were there already. */
export const MAX_KEPT_ROWS = 100_000;
/** Their text, in UTF-16 units. */
const MAX_KEPT_UNITS = 64 * 1024 * 1024;

/** Counts what a merge must keep until its end. @throws AppError `query.result_too_large` */
export class RowKeeper {
  private rows = 0;
  private units = 0;

  constructor(private readonly maxRows: number = MAX_KEPT_ROWS) {}

  keep(units: number): void {
    this.rows += 1;
    this.units += units;
    if (this.rows > this.maxRows || this.units > MAX_KEPT_UNITS) {
      throw new AppError(
        'query.result_too_large',
        `The shards have more than ${this.maxRows} different rows or groups to be told apart here; ask for fewer`,
      );
    }
  }
}
