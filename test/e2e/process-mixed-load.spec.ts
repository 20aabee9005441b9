import { runMixedLoad, type MixedReport } from './mixed-load';
import { watchedMariadb, watchedPostgresql } from './watched-engines';

/** 120 clients for seconds; the nightly tests have 500 for minutes, and look at times and memory. */
describe.each([
  ['PostgreSQL', watchedPostgresql],
  ['MariaDB', watchedMariadb],
] as const)('slow and fast statements of many clients on %s', (_, start) => {
  let report: MixedReport;

  beforeAll(async () => {
    const engine = await start();
    try {
      report = await runMixedLoad(engine, { clients: 120, aloneMs: 2000, mixedMs: 6000 });
    } finally {
      await engine.drop();
    }
  });

  it('are answered once each, with what was asked for, or are told when to come again', () => {
    expect(report.lost).toEqual([]);
    expect(report.told.filter(({ isOwn, retryAfter }) => isOwn !== true && retryAfter === null)).toEqual([]);
    const refused = report.told.filter(({ status }) => status !== 200);
    expect(refused.filter(({ status }) => status !== 429 && status !== 503)).toEqual([]);
    expect(report.served.fast).toBeGreaterThan(50);
    expect(report.served.slow).toBeGreaterThan(20);
  });

  it('are in the history once each, with their outcome', () => {
    const asked = report.told.map(({ queryId }) => queryId);
    expect(new Set(asked).size).toBe(asked.length);
    expect(report.recorded).toEqual(new Set(asked));
    const refused = report.told.filter(({ status }) => status !== 200).length;
    const expected = { success: asked.length - refused, ...(refused > 0 && { error: refused }) };
    expect(report.history).toEqual(expected);
  });

  it('leave neither the pool nor a session of the database busy', () => {
    expect(report.pool).toMatchObject({ busy: 0, waiting: 0 });
    expect(report.stuck).toEqual([]);
  });
});
