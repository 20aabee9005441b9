import type { ErrorCode } from '../../../common/errors/catalog';

/** What the choice knows of a server. */
export interface Candidate {
  readonly up: boolean;
  /** Milliseconds that it may lack of what the primary has; `null` when that cannot be told, or it must not be read from. */
  readonly lagMs: number | null;
  readonly position: string | null;
  /** Statements under way on it. */
  readonly outstanding: number;
  /** When it was last chosen; the greater the later. */
  readonly turn: number;
}

/**
 * What is asked for: a write; a read that a replica may answer which has everything up to `after`; a read of the primary; or
 * a look at the catalog, which whoever is there can give, since what rests on it is checked where it runs.
 */
export type Need =
  | { readonly kind: 'write' | 'primary' | 'catalog' }
  | { readonly kind: 'replica'; readonly after: readonly string[] };

export interface Situation {
  readonly servers: readonly Candidate[];
  /** Place of the one server that takes writes; `null` when there is none. */
  readonly primary: number | null;
  /** More than one says that it takes writes. Then `primary` is the one that was the only one before, if it is known. */
  readonly disputed: boolean;
  readonly maxLagMs: number;
  readonly covers: (position: string, wanted: string) => boolean;
}

export type Choice =
  { readonly place: number; readonly refused: null } | { readonly place: null; readonly refused: ErrorCode };

/**
 * Which server a statement goes to. Writes go to the one primary or nowhere; reads to the replica with the fewest
 * statements under way among those near enough, else to the primary.
 * @param tried places that have failed this statement already
 */
export function chooseServer(need: Need, situation: Situation, tried: ReadonlySet<number>): Choice {
  const { primary, disputed, servers } = situation;
  const missing: ErrorCode = disputed ? 'connection.several_primaries' : 'connection.no_primary';
  if (need.kind === 'write' && disputed) return { place: null, refused: missing };
  const first = primary !== null && servers[primary]?.up && !tried.has(primary) ? primary : null;
  const replica =
    need.kind === 'write' || need.kind === 'primary' ? null : replicaFor(need, situation, tried);
  const place = need.kind === 'replica' ? (replica ?? first) : (first ?? replica);
  return place === null ? { place, refused: missing } : { place, refused: null };
}

function replicaFor(need: Need, situation: Situation, tried: ReadonlySet<number>): number | null {
  const { servers, primary, maxLagMs, covers } = situation;
  const after = need.kind === 'replica' ? need.after : [];
  const [best] = servers
    .map((server, place) => ({ ...server, place }))
    .filter(
      ({ place, up, lagMs, position }) =>
        up &&
        place !== primary &&
        !tried.has(place) &&
        lagMs !== null &&
        lagMs <= maxLagMs &&
        position !== null &&
        after.every((wanted) => covers(position, wanted)),
    )
    .toSorted((one, other) => one.outstanding - other.outstanding || one.turn - other.turn);
  return best?.place ?? null;
}
