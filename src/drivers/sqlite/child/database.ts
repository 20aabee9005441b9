import { pathToFileURL } from 'node:url';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import type { OpenMessage } from '../protocol';
import { Authorizer } from './authorizer';
import { Catalog } from './describe';
import { KeyedHash } from './keyed-hash';

/** https://sqlite.org/limits.html; a database of a stranger must not take the process down. */
const limits = {
  attach: 0,
  length: 64 * 1024 * 1024,
  sqlLength: 1024 * 1024,
  exprDepth: 500,
  compoundSelect: 200,
  functionArg: 100,
  likePatternLength: 10_000,
  variableNumber: 10_000,
  triggerDepth: 100,
};

export interface OpenDatabase {
  readonly db: DatabaseSyncInstance;
  readonly authorizer: Authorizer;
  readonly catalog: Catalog;
  readonly hash: KeyedHash;
}

/** Opens a file that exists (`mode=rw` never creates one, which the binding's own flags would). */
export function openDatabase(
  settings: Pick<OpenMessage, 'file' | 'busyTimeoutMs'>,
  readOnly: boolean,
): OpenDatabase {
  const url = pathToFileURL(settings.file);
  url.search = readOnly ? 'mode=ro' : 'mode=rw';
  const db = new DatabaseSync(url.href, {
    readOnly,
    defensive: true,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
    allowExtension: false,
    timeout: settings.busyTimeoutMs,
    limits,
  });
  // https://sqlite.org/security.html: what a crafted file could make the library do
  db.exec(
    'pragma trusted_schema = off; pragma cell_size_check = on; pragma mmap_size = 0; pragma recursive_triggers = on',
  );
  if (readOnly) db.exec('pragma query_only = on');
  const hash = new KeyedHash(db);
  const authorizer = new Authorizer(hash);
  db.setAuthorizer(authorizer.decide);
  return { db, authorizer, catalog: new Catalog(db), hash };
}
