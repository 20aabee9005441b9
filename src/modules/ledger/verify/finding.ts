/** What is wrong, and where: a record, a stretch of a chain, or a period between two roots. */
export interface Finding {
  readonly kind:
    | 'unreadable'
    | 'edited'
    | 'missing'
    | 'out_of_order'
    | 'unknown_record'
    | 'rewritten'
    | 'bad_root'
    | 'bad_signature'
    | 'missing_root'
    | 'cut_off';
  readonly message: string;
  readonly chain?: string;
  readonly seq?: number;
  readonly recordId?: string;
  readonly root?: number;
}

export interface Verdict {
  readonly findings: readonly Finding[];
  /** How many there were; only the first thousand are kept. */
  readonly problems: number;
  readonly records: number;
  readonly roots: number;
  readonly chains: number;
  /** Records that are linked, but under no root yet. */
  readonly unsigned: number;
  /** `at` of the first and of the last root. */
  readonly from: string | null;
  readonly to: string | null;
  /** The last month whose segments are signed and whose records are not there: dropped by retention. */
  readonly droppedUntil: string | null;
  readonly complete: boolean;
}
