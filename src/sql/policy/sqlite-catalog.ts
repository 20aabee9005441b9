import { quoteText } from '../../common/quote/sqlite';
import { isIn, rule } from './catalog-rule';
import type { CatalogRules, Visibility } from './visibility';

function visible({ allowedTables }: Visibility): string | null {
  return allowedTables === null
    ? null
    : isIn(
        'lower(tbl_name)',
        allowedTables.map((table) => table.toLowerCase()),
        quoteText,
      );
}

/** The text of a table names its columns, and that of a view what it reads. */
const schema = (visibility: Visibility) =>
  rule(visible, visibility.denied.length === 0 && visibility.allowedTables === null ? '' : 'sql')(visibility);

export const sqliteCatalog: CatalogRules = new Map([
  ['sqlite_master', schema],
  ['sqlite_schema', schema],
]);
