import { AppError } from '../../common/app-error';
import { quoteRelation } from '../../common/quote/mysql';
import type { RelationName, RelationVersion } from '../../common/relation-description';
import { catalogQuery, isVersion, readCatalog, type CatalogRow } from './describe-relations';
import { isServerError } from './map-error';
import type { MysqlSession } from './session';

/** Names that no longer say what they did: no such database or table, no table, a view on something that is gone. */
const gone = new Set([1046, 1049, 1051, 1109, 1146, 1356]);
/** The account may not read the relation, which a view of another definer may still do for it. */
const forbidden = new Set([1142, 1143, 1345, 1370]);

/** Reads nothing, but opens the relation and what it is a view on. */
const touch = (relation: RelationName): string => `select 1 from ${quoteRelation(relation)} where false`;

const padding = ', null'.repeat(7);
const touchAsCatalog = (relation: RelationName): string =>
  `select null${padding} from ${quoteRelation(relation)} where false`;

/**
 * Checks, in the transaction of the statement that is about to run, that relations are what it rests on. Metadata locks
 * are taken when the tables of a statement are opened, before anything of it is evaluated, and held to the end of the
 * transaction (MySQL manual, "Metadata Locking"; preparing a statement takes them too but gives them back). So one
 * statement that names the relations and reads information_schema behind that locks first and looks second: nobody can
 * change a relation between the check and the end of the statement. A name of which nothing is expected cannot be
 * locked; a statement that rests on its absence does not read it.
 *
 * @throws AppError `query.schema_changed`
 */
export async function checkExpectations(
  session: MysqlSession,
  expected: readonly RelationVersion[],
): Promise<void> {
  const present = expected.filter(({ version }) => version !== null);
  const catalog = catalogQuery(expected);
  let rows: CatalogRow[];
  try {
    rows = await session.rows([catalog, ...present.map(touchAsCatalog)].join(' union all '));
  } catch (error) {
    if (!isServerError(error) || !forbidden.has(error.errno)) throw changedIfGone(error);
    for (const relation of present) await touchIfAllowed(session, relation);
    rows = await session.rows(catalog);
  }
  const found = readCatalog(expected, rows);
  if (expected.some(({ version }, index) => !isVersion(found[index]?.version ?? null, version)))
    throw new AppError('query.schema_changed');
}

async function touchIfAllowed(session: MysqlSession, relation: RelationName): Promise<void> {
  try {
    await session.run(touch(relation));
  } catch (error) {
    if (!isServerError(error) || !forbidden.has(error.errno)) throw changedIfGone(error);
  }
}

function changedIfGone(error: unknown): unknown {
  return isServerError(error) && gone.has(error.errno) ? new AppError('query.schema_changed') : error;
}
