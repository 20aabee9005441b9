import type { Dialect } from '../../common/dialect';
import { rewriteMongodb } from '../mongodb/rewrite/rewrite-mongodb';
import { rewritePostgresql } from '../postgresql/rewrite-postgresql';
import { rewriteMysql } from '../mysql/rewrite-mysql';
import { Refused } from '../refused';
import { rewriteSqlite } from '../sqlite/rewrite/rewrite-sqlite';
import type { RewriteRequest, RewriteStatement, Rewriting } from './rewriting';

const dialects: Readonly<Record<Dialect, RewriteStatement>> = {
  mongodb: rewriteMongodb,
  postgresql: rewritePostgresql,
  sqlite: rewriteSqlite,
  mysql: rewriteMysql,
};

/**
 * The statement as this viewer may ask it: every reference to a relation with policies is replaced by what the viewer
 * may see of it. A pure function of the request; the text has been accepted by `analyse` before.
 *
 * @throws Error only for a bug of ours
 */
export async function rewrite(dialect: Dialect, request: RewriteRequest): Promise<Rewriting> {
  try {
    return await dialects[dialect](request);
  } catch (error) {
    if (error instanceof Refused) return { ok: false, refusal: error.refusal };
    if (error instanceof RangeError)
      return {
        ok: false,
        refusal: { code: 'query.too_complex', detail: 'The statement nests too deeply' },
      };
    throw error;
  }
}
