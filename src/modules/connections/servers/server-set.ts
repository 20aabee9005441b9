import { AppError, isAppError } from '../../../common/app-error';
import type { ErrorCode } from '../../../common/errors/catalog';
import type { RelationDescription, RelationName } from '../../../common/relation-description';
import type {
  Cursor,
  PoolFigures,
  QueryRequest,
  ReasonLeftOut,
  Replication,
  ServerFigures,
  ServerRole,
  Source,
  TestReport,
} from '../../../drivers/driver';
import type { CallRequest, CallResults, ProcedureDescription } from '../../../drivers/procedure';
import type { TableInfo } from '../../../drivers/table-info';
import { chooseServer, type Candidate, type Need } from './choose-server';
import type { DatabaseServer } from './database-server';
import { FrontHistory } from './front-history';
import { PrimaryWatch, type Sighting } from './primary-watch';

const LOOK_EVERY_MS = 1_000;

export interface ServerSetOptions {
  readonly replication: Replication;
  /** Asked before every look: a changed setting counts from then on. */
  readonly maxLagMs: () => Promise<number>;
  /** Told whenever another server takes the writes, or none does. */
  readonly onPrimaryChange: (place: number | null, disputed: boolean) => void;
}

/**
 * Several servers with one database, as one Source. Each is looked at every second: whether it answers, whether it takes
 * writes, and how far it is. What was seen last decides where a statement goes (`chooseServer`); a read that a server
 * fails before it has given anything goes to the next one.
 */
export class ServerSet implements Source {
  private readonly watch: PrimaryWatch;
  private readonly front: FrontHistory;
  private timer: NodeJS.Timeout | null = null;
  private maxLagMs = 0;
  private turns = 0;
  private told: number | null = null;
  private closing: Promise<void> | null = null;

  constructor(
    private readonly members: readonly DatabaseServer[],
    private readonly options: ServerSetOptions,
  ) {
    this.watch = new PrimaryWatch(members.length);
    this.front = new FrontHistory(options.replication.covers);
  }

  /**
   * Looks at all of them once, and from then on every second.
   * @throws AppError that of the first server, when none can be reached
   */
  async open(): Promise<void> {
    await this.lookAtAll();
    const [first] = this.members;
    if (this.members.every(({ up }) => !up)) {
      throw new AppError(first?.code ?? 'connection.unreachable');
    }
    this.timer = setInterval(() => void this.lookAtAll(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  async query(request: QueryRequest, signal: AbortSignal): Promise<Cursor> {
    const { replica, ...rest } = request;
    const need: Need =
      request.access === 'write'
        ? { kind: 'write' }
        : replica
          ? { kind: 'replica', after: replica.after }
          : { kind: 'primary' };
    return this.on(need, signal, (server, role) => {
      const onFailure = (error: unknown): void => this.suspect(server, error);
      const { expects } = rest;
      const sent =
        role === 'replica' && expects
          ? { ...rest, expects: this.options.replication.portable(expects) }
          : rest;
      const bounded = role === 'primary' || (this.watch.primary !== null && !this.watch.disputed);
      return server.query(sent, { role, bounded, onFailure }, signal);
    });
  }

  /** Whatever a procedure does, it does it where writes go: what it reads may rest on what it has just written. */
  async call(request: CallRequest, signal: AbortSignal): Promise<CallResults> {
    const need: Need = { kind: request.access === 'write' ? 'write' : 'primary' };
    return this.on(need, signal, (server) => server.call(request, signal));
  }

  async procedures(
    names: readonly RelationName[] | null,
    signal: AbortSignal,
  ): Promise<ProcedureDescription[]> {
    return this.on({ kind: 'catalog' }, signal, (server) =>
      server.use((source) => source.procedures(names, signal), signal),
    );
  }

  async test(signal: AbortSignal): Promise<TestReport> {
    return this.on({ kind: 'catalog' }, signal, (server) =>
      server.use((source) => source.test(signal), signal),
    );
  }

  async introspect(signal: AbortSignal): Promise<TableInfo[]> {
    return this.on({ kind: 'catalog' }, signal, (server) =>
      server.use((source) => source.introspect(signal), signal),
    );
  }

  async describe(
    relations: readonly RelationName[],
    signal: AbortSignal,
  ): Promise<(RelationDescription | null)[]> {
    return this.on({ kind: 'catalog' }, signal, (server) =>
      server.use((source) => source.describe(relations, signal), signal),
    );
  }

  async written(): Promise<string | null> {
    const { primary, disputed } = this.watch;
    if (primary === null || disputed) return null;
    const standing = await this.members[primary]!.lookAfresh();
    return this.watch.primary === primary ? (standing?.written ?? null) : null;
  }

  pool(): PoolFigures {
    const sum = { open: 0, idle: 0, busy: 0, waiting: 0, max: 0 };
    for (const member of this.members) {
      const figures = member.figures();
      if (figures) for (const key of kinds) sum[key] += figures[key];
    }
    return sum;
  }

  servers(): readonly ServerFigures[] {
    const now = performance.now();
    return this.members.map((member, place) => {
      const { address, up, standing, since, outstanding } = member;
      const role = standing === null ? null : standing.writable ? 'primary' : 'replica';
      return {
        ...address,
        role: up && this.watch.isRival(place) ? 'disputed' : role,
        state: up ? 'up' : 'down',
        code: member.code,
        leftOut: role === 'replica' && up ? this.reasonAgainst(member, now) : null,
        since,
        lagMs: this.lagOf(member, now),
        outstanding,
        pool: member.figures(),
      };
    });
  }

  async close(graceMs = 0, reason?: AppError): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.closing ??= Promise.all(this.members.map((member) => member.close(graceMs, reason))).then(
      () => undefined,
    );
    await this.closing;
  }

  /** Does `work` where it belongs; what only reads goes on to the next server when one fails it. */
  private async on<T>(
    need: Need,
    signal: AbortSignal,
    work: (server: DatabaseServer, role: ServerRole) => Promise<T>,
  ): Promise<T> {
    const tried = new Set<number>();
    let failure: unknown = null;
    let wanted = need;
    for (;;) {
      const server = this.choose(wanted, tried, failure);
      const place = this.members.indexOf(server);
      const role = place === this.watch.primary ? 'primary' : 'replica';
      try {
        return await work(server, role);
      } catch (error) {
        this.suspect(server, error);
        if (signal.aborted || !isAppError(error)) throw error;
        if (need.kind === 'write') throw await this.explained(server, error);
        if (role === 'replica' && belongsToPrimary(error)) wanted = { kind: 'primary' };
        else if (!isOfServer(error)) throw error;
        tried.add(place);
        failure ??= error;
      }
    }
  }

  private choose(need: Need, tried: ReadonlySet<number>, failure: unknown): DatabaseServer {
    const now = performance.now();
    const servers = this.members.map((member): Candidate => ({
      up: member.up,
      lagMs: this.lagOf(member, now),
      position: member.standing?.position ?? null,
      outstanding: member.outstanding,
      turn: member.turn,
    }));
    const { primary, disputed } = this.watch;
    const { covers } = this.options.replication;
    const choice = chooseServer(need, { servers, primary, disputed, maxLagMs: this.maxLagMs, covers }, tried);
    if (choice.refused === null) {
      const chosen = this.members[choice.place]!;
      chosen.turn = ++this.turns;
      return chosen;
    }
    throw failure ?? refusalOf(choice.refused, need);
  }

  /** A server that refuses to write may have become a replica since it was last looked at. */
  private async explained(server: DatabaseServer, error: AppError): Promise<AppError> {
    if (error.code !== 'query.read_only' && error.code !== 'query.unsupported') return error;
    const standing = await server.lookAfresh();
    this.noteAll();
    if (standing === null || standing.writable) return error;
    return refusalOf('connection.no_primary', { kind: 'write' }).with(error.extra);
  }

  /** What fails is looked at at once, and not only when its turn comes. */
  private suspect(server: DatabaseServer, error: unknown): void {
    if (this.closing || !isAppError(error) || !isOfServer(error)) return;
    void server.lookAfresh().then(() => this.noteAll());
  }

  private async lookAtAll(): Promise<void> {
    const limit = this.options.maxLagMs().then(
      (ms) => (this.maxLagMs = ms),
      () => undefined,
    );
    await Promise.all([
      limit,
      ...this.members.map(async (member) => {
        await member.look();
        if (this.timer) this.noteAll();
      }),
    ]);
    if (!this.closing) this.noteAll();
  }

  private noteAll(): void {
    const before = this.watch.primary;
    this.members.forEach((member, place) => this.watch.note(place, sightingOf(member)));
    const { primary, disputed } = this.watch;
    if (primary !== before && primary !== null && primary !== this.told) this.front.clear();
    this.noteFront();
    const now = disputed ? null : primary;
    if (now === this.told) return;
    this.told = now;
    this.options.onPrimaryChange(now, disputed);
  }

  private noteFront(): void {
    const { primary } = this.watch;
    const first = primary === null ? null : this.members[primary]!;
    const { covers } = this.options.replication;
    if (!first) {
      for (const { up, standing, astray, askedAt } of this.members)
        if (up && !astray && standing?.position) this.front.noteFarthest(standing.position, askedAt);
      return;
    }
    const position = first.standing?.position ?? null;
    if (position === null) return;
    this.front.note(position, first.askedAt);
    for (const member of this.members) {
      const own = member.standing?.position;
      // The primary was asked later, and has less: what that replica has is of another one.
      if (member !== first && own && member.answeredAt < first.askedAt && !covers(position, own))
        member.astray = true;
    }
  }

  private reasonAgainst(member: DatabaseServer, now: number): ReasonLeftOut | null {
    if (this.isForeign(member)) return 'foreign';
    if (member.astray) return 'astray';
    if (member.standing?.position == null) return 'no_position';
    const lagMs = this.lagOf(member, now);
    return lagMs === null || lagMs > this.maxLagMs ? 'lagging' : null;
  }

  private lagOf(member: DatabaseServer, now: number): number | null {
    const { standing, astray } = member;
    if (!standing || standing.writable || astray || standing.position === null || this.isForeign(member))
      return null;
    return this.front.lagOf(standing.position, now);
  }

  /** It holds another database than the primary, or than the first one that tells. */
  private isForeign(member: DatabaseServer): boolean {
    const { primary } = this.watch;
    const measure = primary === null ? this.members.find(({ lineage }) => lineage) : this.members[primary];
    return Boolean(member.lineage && measure?.lineage && member.lineage !== measure.lineage);
  }
}

const kinds = ['open', 'idle', 'busy', 'waiting', 'max'] as const;

function refusalOf(code: ErrorCode, { kind }: Need): AppError {
  if (code !== 'connection.no_primary') return new AppError(code);
  const detail = kind === 'write' ? undefined : 'No replica may answer, and there is no primary';
  return new AppError(code, detail, { retryAfterSeconds: 1 });
}

function sightingOf({ up, standing }: DatabaseServer): Sighting {
  if (!up || !standing) return 'down';
  return standing.writable ? 'primary' : 'replica';
}

/** The failure is the server's, or that of the way to it. */
function isOfServer(error: AppError): boolean {
  return error.code.startsWith('connection.') && error.code !== 'connection.pool_exhausted';
}

/**
 * What a replica refuses because of what it is: its catalog is behind, or what it replays is in conflict with the read
 * (SQLSTATE 40001, manual 26.4.2).
 */
function belongsToPrimary(error: AppError): boolean {
  return (
    error.code === 'query.schema_changed' ||
    error.code === 'query.unknown_object' ||
    error.extra.sqlState === '40001'
  );
}
