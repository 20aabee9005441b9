import { hash } from 'node:crypto';
import { storableText } from '../../common/storable-text';
import { normaliseStatement } from '../../sql/normalise/normalise-statement';
import type { ConnectionRecord } from '../connections/connection-record';

/** Longest statement in an audit record, in UTF-16 units; the SHA-256 is of the whole text. */
export const MAX_RECORDED_UNITS = 4096;

/** What of a statement is kept, by the policy of its connection. */
export interface KeptStatement {
  /** For the history; `null` where nothing may be kept. */
  readonly history: string | null;
  /** Members of the details of its audit record. */
  readonly audit: {
    /** Without constants; with them where the connection says so. */
    readonly statement?: string;
    /** The statement is longer. */
    readonly statementCut?: true;
    /** Constants are kept. */
    readonly statementAsWritten?: true;
    readonly statementSha256: string;
  };
}

/** @param read whether a grammar has taken the text; of another one nobody can tell what in it is a constant */
export function keptStatement(
  connection: Pick<ConnectionRecord, 'dialect' | 'recordLiterals'> | null,
  text: string,
  read: boolean,
): KeptStatement {
  const dialect = connection?.dialect;
  const normal =
    dialect && read ? normaliseStatement(dialect, text) : { text: null, sha256: hash('sha256', text) };
  const policy = connection?.recordLiterals ?? 'history';
  const asWritten = policy === 'audit';
  const recorded = asWritten ? storableText(text) : normal.text;
  return {
    history: policy === 'none' ? normal.text : storableText(text),
    audit: {
      statement: recorded?.slice(0, MAX_RECORDED_UNITS),
      statementCut: recorded !== null && recorded.length > MAX_RECORDED_UNITS ? true : undefined,
      statementAsWritten: asWritten ? true : undefined,
      statementSha256: normal.sha256,
    },
  };
}
