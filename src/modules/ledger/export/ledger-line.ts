import type { AuditRecord } from '../../audit/chain/audit-record';
import type { RootBody } from '../root';
import type { SegmentJson } from '../root-line';

export const LEDGER_FORMAT = 'sluice-ledger';
export const LEDGER_VERSION = 1;

/** First of all. `complete` is false for what filters chose: then nothing can be said of what is missing. */
export interface HeaderLine {
  readonly type: 'header';
  readonly format: typeof LEDGER_FORMAT;
  readonly version: number;
  readonly complete: boolean;
  /** The root before the first one, for what continues another export. */
  readonly after: { readonly number: number; readonly hash: string };
  readonly at: string;
}

/** Before the records of a segment. */
export interface SegmentLine {
  readonly type: 'segment';
  readonly segment: SegmentJson;
}

export interface RecordLine {
  readonly type: 'record';
  readonly chain: string | null;
  readonly seq: number | null;
  /** The link, hexadecimal. */
  readonly link: string | null;
  /** The link before it; only where filters chose, because elsewhere it is that of the record before. */
  readonly previous?: string;
  readonly record: AuditRecord;
}

/** After the segments it covers. */
export interface PeriodLine {
  readonly type: 'root';
  readonly root: RootBody;
  readonly hash: string;
  readonly keyId: string;
  readonly signature: string;
}

/** Before the records of a chain that no root covers. */
export interface TailLine {
  readonly type: 'tail';
  readonly chain: string;
  /** Number of the last record, where the chain was closed; nothing may follow it. */
  readonly closedSeq: number | null;
}

/** Last of all: a file without it was cut off on its way. */
export interface EndLine {
  readonly type: 'end';
  readonly records: number;
  readonly roots: number;
}

export type LedgerLine = HeaderLine | SegmentLine | RecordLine | PeriodLine | TailLine | EndLine;
