import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../src/common/app-error';
import type { Column, Row } from '../../src/drivers/cell';
import type { ConnectionInput, ConnectOptions, Driver, QueryRequest, Source } from '../../src/drivers/driver';
import type { CallRequest } from '../../src/drivers/procedure';
import { collectCall } from './collect-call';
import type { ContractServer, DriverFixture, Statement } from './fixture';

export const never = new AbortController().signal;
setMaxListeners(0, never);

export function connectOptions(overrides: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    maxSessions: 4,
    keepSessions: 1,
    idleMs: 10_000,
    recycleMs: 600_000,
    prePingAfterMs: 1_000,
    connectTimeoutMs: 5_000,
    acquireTimeoutMs: 2_000,
    readOnly: false,
    applicationName: 'sluice-contract',
    resolveHost: (hostname) =>
      hostname.endsWith('.invalid')
        ? Promise.reject(new AppError('connection.host_not_found'))
        : Promise.resolve({ address: hostname === 'localhost' ? '127.0.0.1' : hostname, family: 4 }),
    resolveFile: (path) => Promise.resolve(path),
    ...overrides,
  };
}

export function request(statement: Statement, overrides: Partial<QueryRequest> = {}): QueryRequest {
  return {
    text: statement.text,
    values: statement.values ?? [],
    access: 'read',
    timeoutMs: 60_000,
    ...overrides,
  };
}

export interface Collected {
  readonly columns: readonly Column[];
  readonly rows: Row[];
  readonly affectedRows: number | null;
}

/** Reads a cursor to its end, as the service does for an answer in one piece. */
export async function collect(
  source: Source,
  query: QueryRequest,
  signal = never,
  batch = 1_000,
): Promise<Collected> {
  const cursor = await source.query(query, signal);
  try {
    const rows: Row[] = [];
    for (;;) {
      const more = await cursor.read(batch);
      rows.push(...more);
      if (more.length < batch) return { columns: cursor.columns, rows, affectedRows: cursor.affectedRows };
    }
  } finally {
    await cursor[Symbol.asyncDispose]();
  }
}

/** The error of a promise that must fail with an `AppError`. */
export async function failure(promise: Promise<unknown>): Promise<AppError> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(outcome instanceof AppError)) {
    throw new Error(outcome === null ? 'expected an AppError, got a result' : 'expected an AppError', {
      cause: outcome,
    });
  }
  return outcome;
}

/** Asks again until the condition holds; fails after `withinMs`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition does not come true');
    await sleep(10);
  }
}

/** All text that an error could show to somebody: message, causes, members, stack. */
function everyWord(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  const members = JSON.stringify(error, Object.getOwnPropertyNames(error));
  return `${error.message} ${error.stack ?? ''} ${members} ${error.cause === undefined ? '' : everyWord(error.cause)}`;
}

/** What every driver promises, proved against a real server. */
export function driverContract(fixture: DriverFixture): void {
  describe(`the ${fixture.name} driver`, () => {
    let driver: Driver;
    let server: ContractServer;
    let source: Source;
    let markers = 0;

    const marker = (): string => `marker_${fixture.name}_${process.pid}_${(markers += 1)}`;
    const connect = (overrides: Partial<ConnectOptions> = {}, input: ConnectionInput = server.input) =>
      driver.connect(driver.parseConfig(input), connectOptions(overrides), never);
    const withSource = async (overrides: Partial<ConnectOptions>, work: (own: Source) => Promise<void>) => {
      const own = await connect(overrides);
      try {
        await work(own);
      } finally {
        await own.close(0);
      }
    };
    const first = async (own: Source, statement: Statement) =>
      Number((await collect(own, request(statement))).rows[0]?.[0]);
    const gone = async (text: string) =>
      eventually(async () => {
        const running = await server.running(text);
        return running === null || running === 0;
      });
    const begun = async (text: string) =>
      eventually(async () => {
        const running = await server.running(text);
        return running === null || running > 0;
      });

    beforeAll(async () => {
      driver = await fixture.load();
      server = await fixture.start();
      source = await connect();
    }, 120_000);

    afterAll(async () => {
      await source?.close(0);
      await server?.stop();
    }, 60_000);

    afterEach(async () => {
      await eventually(() => source.pool().busy === 0 && source.pool().waiting === 0);
    });

    describe('configuration', () => {
      it('is understood and shown without its secrets', () => {
        const config = driver.parseConfig(server.input);
        const shown = driver.publicConfig(config);
        expect(shown.password).toBeUndefined();
        if (fixture.secret !== null) expect(JSON.stringify(shown)).not.toContain(fixture.secret);
      });

      it('names every member that is wrong', () => {
        expect(fixture.invalid.length).toBeGreaterThan(0);
        for (const { input, paths } of fixture.invalid) {
          let caught: unknown;
          try {
            driver.parseConfig(input);
          } catch (error) {
            caught = error;
          }
          expect(caught).toBeInstanceOf(AppError);
          expect((caught as AppError).code).toBe('connection.invalid_config');
          expect((caught as AppError).errors?.map((error) => error.path).toSorted()).toEqual(
            [...paths].toSorted(),
          );
        }
      });

      it('survives being sealed: JSON there and back is the same connection', async () => {
        const config: unknown = JSON.parse(JSON.stringify(driver.parseConfig(server.input)));
        const own = await driver.connect(config, connectOptions(), never);
        expect(await first(own, fixture.series(1))).toBe(1);
        await own.close();
      });
    });

    describe('connecting', () => {
      it('tests the connection and says what the server is', async () => {
        const report = await source.test(never);
        expect(report.serverVersion).toMatch(/\d/);
        expect(report.latencyMs).toBeGreaterThan(0);
        if (report.readOnlyAccount !== null) {
          expect(report.readOnlyAccount).toBe(false);
          expect(report.warnings.map((warning) => warning.code)).toEqual(
            expect.arrayContaining([expect.stringMatching(/^account_/)]),
          );
        }
      });

      it('opens, closes twice and refuses work afterwards', async () => {
        const own = await connect();
        expect(await first(own, fixture.series(1))).toBe(1);
        await own.close();
        await own.close();
        expect(own.pool().open).toBe(0);
        expect((await failure(own.query(request(fixture.series(1)), never))).code).toBe('connection.lost');
      });

      it('waits for running work when it closes, up to the grace', async () => {
        const own = await connect();
        const work = collect(own, request(fixture.series(2_000)), never, 100);
        await eventually(() => own.pool().busy > 0);
        await own.close(10_000);
        expect((await work).rows).toHaveLength(2_000);
      });

      it('stops running work when the grace is over', async () => {
        const own = await connect();
        const text = marker();
        const work = failure(collect(own, request(fixture.slow(text))));
        await begun(text);
        await own.close(50);
        expect((await work).code).toBe('service.shutting_down');
        const changed = await connect();
        const other = marker();
        const stopped = failure(collect(changed, request(fixture.slow(other))));
        await begun(other);
        await changed.close(50, new AppError('connection.inactive'));
        expect((await stopped).code).toBe('connection.inactive');
        await gone(other);
        await gone(text);
      });

      for (const { name, input, code } of fixture.wrong) {
        it(`says ${code} for ${name}`, async () => {
          const wrong = await input(server.input);
          const error = await failure(connect({ connectTimeoutMs: 1_500 }, wrong));
          expect(error.code).toBe(code);
          if (fixture.secret !== null) expect(everyWord(error)).not.toContain(fixture.secret);
          if (wrong.password) expect(everyWord(error)).not.toContain(wrong.password);
        });
      }

      it('obeys a signal that is aborted already', async () => {
        const error = await failure(
          driver.connect(driver.parseConfig(server.input), connectOptions(), AbortSignal.abort('cancelled')),
        );
        expect(error.code).toBe('query.cancelled');
      });

      it('offers a script for an account that can only read, or says there are no accounts', () => {
        const script = driver.readOnlyAccountScript(driver.parseConfig(server.input), {
          username: 'o"dd`na\'me',
        });
        if (script === null) return expect(fixture.secret).toBeNull();
        expect(script.length).toBeGreaterThan(0);
        expect(script.join('\n')).toContain('<choose-a-password>');
        if (fixture.secret !== null) expect(script.join('\n')).not.toContain(fixture.secret);
      });
    });

    describe('reading', () => {
      for (const { name, statement, columns, rows } of fixture.exact) {
        it(`gives exact columns and rows: ${name}`, async () => {
          const whole = await collect(source, request(statement));
          expect(whole.columns).toEqual(columns);
          expect(whole.rows).toEqual(rows);
          expect(whole.affectedRows).toBeNull();
          const limited = await collect(source, request(statement, { maxRows: 10 }));
          expect(limited).toEqual(whole);
        });
      }

      it('takes parameters', async () => {
        expect(driver.description.capabilities.parameters === 'none').toBe(
          (fixture.parameters.statement.values ?? []).length === 0,
        );
        expect((await collect(source, request(fixture.parameters.statement))).rows).toEqual(
          fixture.parameters.rows,
        );
        expect((await collect(source, request(fixture.parameters.statement, { maxRows: 10 }))).rows).toEqual(
          fixture.parameters.rows,
        );
      });

      it('keeps the columns of an empty result', async () => {
        const { columns, rows } = await collect(source, request(fixture.empty.statement));
        expect(rows).toEqual([]);
        expect(columns.map((column) => column.name)).toEqual(fixture.empty.columns);
      });

      it('keeps columns of one name apart', async () => {
        if (fixture.duplicates === null) {
          return expect(driver.description.capabilities.schemaless).toBe(true);
        }
        const { columns, rows } = await collect(source, request(fixture.duplicates.statement));
        expect(columns.map((column) => column.name)).toEqual(fixture.duplicates.names);
        expect(rows).toEqual([fixture.duplicates.row]);
      });

      it('hands out rows in the portions asked for', async () => {
        const cursor = await source.query(request(fixture.series(25)), never);
        const sizes: number[] = [];
        for (const limit of [1, 10, 10, 10, 10]) sizes.push((await cursor.read(limit)).length);
        expect(sizes).toEqual([1, 10, 10, 4, 0]);
        await cursor[Symbol.asyncDispose]();
        await cursor[Symbol.asyncDispose]();
      });

      it('hands out what is there when it is wanted soon, all of it and nothing but nothing at the end', async () => {
        for (const maxRows of [undefined, 30_000]) {
          const cursor = await source.query(request(fixture.series(25_000), { maxRows }), never);
          const rows: Row[] = [];
          for (;;) {
            const more = await cursor.read(700, true);
            if (more.length === 0) break;
            expect(more.length).toBeLessThanOrEqual(700);
            rows.push(...more);
          }
          await cursor[Symbol.asyncDispose]();
          expect(rows).toHaveLength(25_000);
          expect(rows.every((row, index) => Number(row[0]) === index + 1)).toBe(true);
        }
      });

      it('fetches one row more than the most the caller reads, so that truncation is seen', async () => {
        const { rows } = await collect(source, request(fixture.series(100), { maxRows: 10 }), never, 11);
        expect(rows.length).toBeGreaterThanOrEqual(11);
        const exact = await collect(source, request(fixture.series(10), { maxRows: 10 }), never, 11);
        expect(exact.rows).toHaveLength(10);
      });

      it('reads 100,000 rows in order', async () => {
        const { rows } = await collect(source, request(fixture.series(100_000)));
        expect(rows).toHaveLength(100_000);
        expect(rows.every((row, index) => Number(row[0]) === index + 1)).toBe(true);
      });

      it('pulls: an endless result takes no more memory than what is read of it', async () => {
        if (!driver.description.capabilities.cursors) return expect(fixture.name).toBe('no cursors');
        const cursor = await source.query(request(fixture.endless(marker())), never);
        const before = process.memoryUsage.rss();
        let read = 0;
        for (let round = 0; round < 100; round += 1) read += (await cursor.read(1_000)).length;
        await sleep(300);
        expect(read).toBe(100_000);
        expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
        await cursor[Symbol.asyncDispose]();
      });
    });

    describe('failing', () => {
      for (const { name, statement, code, late, position, sqlState, hidden } of fixture.failing) {
        it(`says ${code}: ${name}`, async () => {
          for (const maxRows of late === true ? [undefined, 1_000] : [undefined, 10]) {
            const error = await failure(collect(source, request(statement, { maxRows })));
            expect(error.code).toBe(code);
            if (position !== undefined) expect(error.extra.position).toBe(position);
            if (sqlState !== undefined) expect(error.extra.sqlState).toBe(sqlState);
            if (hidden !== undefined)
              expect(`${error.message} ${JSON.stringify(error.extra)}`).not.toContain(hidden);
            if (fixture.secret !== null) expect(everyWord(error)).not.toContain(fixture.secret);
          }
          expect(await first(source, fixture.series(1))).toBe(1);
        });
      }

      it('runs on a fresh session when the server ended the old ones', async () => {
        await withSource({ maxSessions: 2 }, async (own) => {
          for (let round = 0; round < 3; round += 1) {
            await Promise.all([
              collect(own, request(fixture.series(10))),
              collect(own, request(fixture.series(10))),
            ]);
            await server.killSessions();
            expect(await first(own, fixture.series(3))).toBe(1);
          }
        });
      });

      it('says connection.lost for a statement that was running when its session ended', async () => {
        await withSource({}, async (own) => {
          const text = marker();
          const work = failure(collect(own, request(fixture.slow(text))));
          await begun(text);
          await server.killSessions();
          expect((await work).code).toBe('connection.lost');
          expect(await first(own, fixture.series(1))).toBe(1);
        });
      });
    });

    describe('stopping', () => {
      it('has its capability proved or its absence asserted', () => {
        expect(driver.description.capabilities.cancel).toBe(true);
      });

      it('stops the statement on the server when the cursor is disposed early', async () => {
        const text = marker();
        const cursor = await source.query(request(fixture.endless(text)), never);
        expect(await cursor.read(10)).toHaveLength(10);
        await cursor[Symbol.asyncDispose]();
        await gone(text);
        expect(await first(source, fixture.series(1))).toBe(1);
      });

      for (const [reason, code] of [
        ['cancelled', 'query.cancelled'],
        ['client_gone', 'query.cancelled'],
        ['timeout', 'query.timeout'],
        ['shutdown', 'service.shutting_down'],
      ] as const) {
        it(`stops the statement on the server when the signal says ${reason}, and keeps the session usable`, async () => {
          await withSource({ maxSessions: 1 }, async (own) => {
            for (const maxRows of [undefined, 10]) {
              const text = marker();
              const stop = new AbortController();
              const work = failure(collect(own, request(fixture.slow(text), { maxRows }), stop.signal));
              await begun(text);
              stop.abort(reason);
              expect((await work).code).toBe(code);
              // long before it would end by itself; the server tells the client first, its own list second
              await gone(text);
              expect(await first(own, fixture.series(1))).toBe(1);
            }
          });
        });
      }

      it('stops a cursor between two reads', async () => {
        const text = marker();
        const stop = new AbortController();
        const cursor = await source.query(request(fixture.endless(text)), stop.signal);
        await cursor.read(10);
        stop.abort('cancelled');
        expect((await failure(cursor.read(10))).code).toBe('query.cancelled');
        await cursor[Symbol.asyncDispose]();
        await gone(text);
      });

      it('does not begin under a signal that is aborted already', async () => {
        const error = await failure(source.query(request(fixture.series(1)), AbortSignal.abort('timeout')));
        expect(error.code).toBe('query.timeout');
        expect((await failure(source.test(AbortSignal.abort('cancelled')))).code).toBe('query.cancelled');
        expect((await failure(source.introspect(AbortSignal.abort('cancelled')))).code).toBe(
          'query.cancelled',
        );
      });

      it('holds the limit of time on its own, without the signal', async () => {
        const text = marker();
        const error = await failure(collect(source, request(fixture.slow(text), { timeoutMs: 300 })));
        expect(error.code).toBe('query.timeout');
        await gone(text);
        expect(await first(source, fixture.series(1))).toBe(1);
      });

      it('never lets a late cancel hit the next statement of the session', async () => {
        await withSource({ maxSessions: 1 }, async (own) => {
          let cancelled = 0;
          for (let round = 0; round < 60; round += 1) {
            const stop = new AbortController();
            const work = collect(own, request(fixture.series(round % 2 === 0 ? 1 : 3_000)), stop.signal, 500);
            if (round % 3 === 0) setImmediate(() => stop.abort('cancelled'));
            else setTimeout(() => stop.abort('cancelled'), round % 7);
            await work.catch((error: unknown) => {
              expect((error as AppError).code).toBe('query.cancelled');
              cancelled += 1;
            });
            expect(await first(own, fixture.series(2))).toBe(1);
          }
          expect(cancelled).toBeGreaterThan(0);
        });
      }, 60_000);
    });

    describe('writing', () => {
      for (const [index, statement] of fixture.writes.entries()) {
        it(`refuses a write when only reading is asked for (${index + 1}: ${statement.text.slice(0, 50)})`, async () => {
          const before = await first(source, fixture.write.written);
          for (const maxRows of [undefined, 10]) {
            const error = await failure(collect(source, request(statement, { maxRows })));
            expect(['query.read_only', 'query.unsupported', 'query.invalid_operation']).toContain(error.code);
          }
          expect(await first(source, fixture.write.written)).toBe(before);
        });
      }

      it('refuses to write on a connection that is registered as read-only', async () => {
        await withSource({ readOnly: true }, async (own) => {
          const before = await first(own, fixture.write.written);
          const error = await failure(collect(own, request(fixture.write.statement, { access: 'write' })));
          expect(error.code).toBe('query.read_only');
          expect(await first(own, fixture.write.written)).toBe(before);
        });
      });

      it('undoes a write that changes more rows than it may, and only that', async () => {
        const { statement, affected, written } = fixture.write;
        const before = await first(source, written);
        const bounded = (maxChangedRows: number): QueryRequest =>
          request(statement, { access: 'write', maxChangedRows });
        const error = await failure(collect(source, bounded(affected - 1)));
        expect(error.code).toBe('query.write_too_large');
        expect(await first(source, written)).toBe(before);
        expect((await collect(source, bounded(affected))).affectedRows).toBe(affected);
        expect(await first(source, written)).toBe(before + affected);
        await eventually(() => source.pool().busy === 0);
      });

      it('writes when asked to, and counts the rows', async () => {
        expect(driver.description.capabilities.writes).toBe(true);
        const before = await first(source, fixture.write.written);
        const { affectedRows } = await collect(source, request(fixture.write.statement, { access: 'write' }));
        expect(affectedRows).toBe(fixture.write.affected);
        expect(await first(source, fixture.write.written)).toBe(before + fixture.write.affected);
      });

      it('refuses two statements in one text, and runs neither', async () => {
        for (const statement of fixture.multiple) {
          const before = await first(source, fixture.write.written);
          for (const access of ['read', 'write'] as const) {
            const error = await failure(collect(source, request(statement, { access })));
            expect(error.definition.fault).toBe('caller');
          }
          expect(await first(source, fixture.write.written)).toBe(before);
        }
      });
    });

    describe('procedures', () => {
      const { procedure } = fixture;
      const call = (request: Partial<CallRequest>): CallRequest => ({
        procedure: { schema: null, name: 'nothing' },
        arguments: [],
        access: 'read',
        timeoutMs: 60_000,
        ...request,
      });

      it('are called where the engine has them, and refused where it has none', async () => {
        expect(driver.description.capabilities.procedures).toBe(!('refused' in procedure));
        if ('refused' in procedure) {
          const error = await failure(source.call(call({}), never));
          expect([error.code, error.message]).toEqual(['query.unsupported', procedure.refused]);
          expect(await source.procedures(null, never)).toEqual([]);
          return;
        }
        const called = await collectCall(source, call(procedure.request));
        expect(called).toMatchObject({
          out: procedure.out,
          sets: [{ rows: procedure.rows }],
          affectedRows: null,
        });
        const all = await source.procedures(null, never);
        const found = await source.procedures([procedure.request.procedure], never);
        expect(found.map(({ name }) => name)).toEqual([procedure.request.procedure.name]);
        expect(all.map(({ name }) => name)).toContain(procedure.request.procedure.name);
        await eventually(() => source.pool().busy === 0);
      });

      it('that are not there are refused', async () => {
        if ('refused' in procedure) return expect(driver.description.capabilities.procedures).toBe(false);
        const wanted = { ...procedure.request.procedure, name: 'no_such_procedure' };
        expect((await failure(collectCall(source, call({ procedure: wanted })))).code).toBe(
          'query.unknown_object',
        );
        await eventually(() => source.pool().busy === 0);
      });
    });

    describe('the pool', () => {
      it('never opens more sessions than allowed, and says so when the wait is over', async () => {
        await withSource({ maxSessions: 2, acquireTimeoutMs: 200 }, async (own) => {
          const stop = new AbortController();
          const texts = [marker(), marker()];
          const busy = texts.map((text) => failure(collect(own, request(fixture.slow(text)), stop.signal)));
          await Promise.all(texts.map(begun));
          await eventually(() => own.pool().busy === 2);
          const waiting = failure(collect(own, request(fixture.series(1))));
          await eventually(() => own.pool().waiting === 1);
          expect(own.pool()).toMatchObject({ busy: 2, waiting: 1, max: 2 });
          expect(own.pool().open).toBeLessThanOrEqual(2);
          expect((await waiting).code).toBe('connection.pool_exhausted');
          stop.abort('cancelled');
          expect((await Promise.all(busy)).map((error) => error.code)).toEqual([
            'query.cancelled',
            'query.cancelled',
          ]);
          await eventually(() => own.pool().busy === 0);
          expect(await first(own, fixture.series(1))).toBe(1);
        });
      });

      it('gives a waiting caller up as soon as its signal says so', async () => {
        await withSource({ maxSessions: 1, acquireTimeoutMs: 60_000 }, async (own) => {
          const cursor = await own.query(request(fixture.endless(marker())), never);
          const stop = new AbortController();
          const waiting = failure(collect(own, request(fixture.series(1)), stop.signal));
          await eventually(() => own.pool().waiting === 1);
          stop.abort('cancelled');
          expect((await waiting).code).toBe('query.cancelled');
          expect(own.pool().waiting).toBe(0);
          await cursor[Symbol.asyncDispose]();
        });
      });

      it('serves many callers over few sessions and loses none', async () => {
        await withSource({ maxSessions: 3, acquireTimeoutMs: 30_000 }, async (own) => {
          const results = await Promise.all(
            Array.from({ length: 60 }, (_, index) =>
              index % 5 === 4
                ? failure(collect(own, request(fixture.failing[0]!.statement))).then(() => -1)
                : collect(own, request(fixture.series(index + 1), { maxRows: 100 })).then(
                    ({ rows }) => rows.length,
                  ),
            ),
          );
          expect(results).toEqual(
            Array.from({ length: 60 }, (_, index) => (index % 5 === 4 ? -1 : index + 1)),
          );
          await eventually(() => own.pool().busy === 0);
          expect(own.pool().open).toBeLessThanOrEqual(3);
        });
      });

      it('replaces sessions that are older than the recycling age', async () => {
        await withSource({ maxSessions: 1, recycleMs: 1_000, prePingAfterMs: 0 }, async (own) => {
          expect(await first(own, fixture.series(1))).toBe(1);
          await sleep(1_100);
          expect(await first(own, fixture.series(1))).toBe(1);
          expect(own.pool().open).toBeLessThanOrEqual(1);
        });
      });
    });

    describe('the catalog on some relations', () => {
      const { described, changing } = fixture;
      if (described === undefined || changing === undefined) return;
      const absent = { schema: described[0]!.schema, name: 'no_such_relation' };

      it('describes them in the order asked, and knows what is not there', async () => {
        const found = await source.describe([absent, ...described], never);
        expect(found[0]).toBeNull();
        expect(found.slice(1)).toEqual(described.map((one) => ({ ...one, version: expect.any(String) })));
        expect(await source.describe([], never)).toEqual([]);
      });

      it('gives the same version as long as nothing changes', async () => {
        const [before, after] = [
          await source.describe(described, never),
          await source.describe(described, never),
        ];
        expect(after).toEqual(before);
      });

      it.each([1, 100_000])(
        'runs while relations are what the statement rests on (%i rows)',
        async (maxRows) => {
          const [now] = await source.describe([changing.relation], never);
          const expects = [
            { ...changing.relation, version: now!.version },
            { ...absent, version: null },
          ];
          const before = await collect(source, request(changing.reads));
          for (const stateless of [false, true]) {
            expect(await collect(source, request(changing.reads, { expects, maxRows, stateless }))).toEqual(
              before,
            );
            const { maxRows: _, ...unbounded } = request(changing.reads, { expects, stateless });
            expect(await collect(source, unbounded)).toEqual(before);
          }
        },
      );

      it('refuses when a relation has appeared, is missing or has changed', async () => {
        const [now] = await source.describe([changing.relation], never);
        for (const wrong of [
          { ...changing.relation, version: null },
          { ...changing.relation, version: 'another' },
          { ...absent, version: now!.version },
        ]) {
          for (const maxRows of [undefined, 1]) {
            for (const stateless of [false, true]) {
              const query = request(changing.reads, { expects: [wrong], stateless });
              const bounded = maxRows === undefined ? query : { ...query, maxRows };
              expect((await failure(collect(source, bounded))).code).toBe('query.schema_changed');
            }
          }
        }
        expect(await first(source, fixture.series(1))).toBe(1);
      });

      it.each(changing.changes.map((change) => [change.text, change] as const))(
        'sees: %s',
        async (_, change) => {
          const [before] = await source.describe([changing.relation], never);
          const expects = [{ ...changing.relation, version: before!.version }];
          await collect(source, request(changing.reads, { expects }));
          await collect(source, request(change, { access: 'write' }));
          const [after] = await source.describe([changing.relation], never);
          expect(after!.version).not.toBe(before!.version);
          expect((await failure(collect(source, request(changing.reads, { expects })))).code).toBe(
            'query.schema_changed',
          );
          await collect(
            source,
            request(changing.reads, { expects: [{ ...changing.relation, version: after!.version }] }),
          );
        },
      );

      it('undoes a write that rests on something else', async () => {
        const { statement, written } = fixture.write;
        const before = await first(source, written);
        const expects = [{ ...changing.relation, version: 'another' }];
        const refused = await failure(collect(source, request(statement, { access: 'write', expects })));
        expect(refused.code).toBe('query.schema_changed');
        expect(await first(source, written)).toBe(before);
      });
    });

    describe('introspection', () => {
      it('describes the known table', async () => {
        const tables = await source.introspect(never);
        const found = tables.find((table) => table.name === fixture.table.name);
        expect(found).toBeDefined();
        const { rowEstimate, ...rest } = found!;
        expect(rest).toEqual(fixture.table);
        expect(rowEstimate === null || rowEstimate >= 0).toBe(true);
      });

      it('lists no table of the system', async () => {
        const tables = await source.introspect(never);
        const schemas = new Set(tables.map((table) => table.schema));
        for (const system of ['pg_catalog', 'information_schema', 'mysql', 'performance_schema', 'sys']) {
          expect(schemas.has(system)).toBe(false);
        }
        expect(tables.filter((table) => table.name.startsWith('sqlite_'))).toEqual([]);
      });
    });
  });
}
