import groups from './safe-functions.json';

/**
 * Built-in functions of SQLite that only compute, by chapter of its documentation. Left out on purpose:
 * load_extension, readfile, writefile, edit, fts3_tokenizer (code and files), sqlite_offset and sqlite_compileoption_*
 * (the engine), last_insert_rowid, changes and total_changes (what others did on the connection).
 */
const safe: ReadonlySet<string> = new Set(Object.values(groups).flat());
const tables: ReadonlySet<string> = new Set(groups['tables made of a value']);

/** @param name in lower case */
export const isSafeFunction = (name: string): boolean => safe.has(name);

/** Table-valued functions that read nothing but their arguments. @param name in lower case */
export const isSafeTableFunction = (name: string): boolean => tables.has(name);
