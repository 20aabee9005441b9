import { runMixedLoad } from '../e2e/mixed-load';
import { watchedMariadb, watchedPostgresql } from '../e2e/watched-engines';

/** MIXED_CLIENTS and MIXED_SECONDS ask for fewer and less. */
const clients = Number(process.env['MIXED_CLIENTS'] ?? 500);
const mixedMs = Number(process.env['MIXED_SECONDS'] ?? 300) * 1000;
const aloneMs = Math.min(60_000, mixedMs / 2);
const GROWTH_MIB = 200;
const MIB = 1024 * 1024;

describe.each([
  ['PostgreSQL', watchedPostgresql],
  ['MariaDB', watchedMariadb],
] as const)(`${clients} clients with slow and fast statements on %s`, (name, start) => {
  it(
    'lose nothing, stay small, and the fast ones stay fast',
    async () => {
      const engine = await start();
      try {
        const report = await runMixedLoad(engine, { clients, aloneMs, mixedMs });
        const { told, served, p50Ms, p99Ms, slowestMs, grownBytes } = report;
        const refused = told.filter(({ status }) => status !== 200);
        const figures = { told: told.length, refused: refused.length, served, p50Ms, p99Ms, slowestMs };
        process.stdout.write(
          `${name}: ${JSON.stringify({ ...figures, grownMiB: Math.round(grownBytes / MIB) })}\n`,
        );
        expect(report.lost).toEqual([]);
        expect(told.filter(({ status, isOwn }) => status === 200 && !isOwn)).toEqual([]);
        expect(refused.filter(({ status }) => status !== 429 && status !== 503)).toEqual([]);
        expect(refused.filter(({ retryAfter }) => retryAfter === null)).toEqual([]);
        const asked = told.map(({ queryId }) => queryId);
        expect(new Set(asked).size).toBe(asked.length);
        expect(report.recorded).toEqual(new Set(asked));
        const error = refused.length > 0 && { error: refused.length };
        expect(report.history).toEqual({ success: told.length - refused.length, ...error });
        expect(report.pool).toMatchObject({ busy: 0, waiting: 0 });
        expect(report.stuck).toEqual([]);
        expect(grownBytes / MIB).toBeLessThan(GROWTH_MIB);
        expect(p99Ms.mixed / p99Ms.alone).toBeLessThanOrEqual(3);
      } finally {
        await engine.drop();
      }
    },
    aloneMs + mixedMs + 180_000,
  );
});
