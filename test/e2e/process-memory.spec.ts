import { mariadbEngine, postgresqlEngine, type SqlEngine } from './engines';
import { startServiceProcess, type ServiceProcess } from './service-process';
import { measureGrowth } from './stream-growth';

const MIB = 1024 * 1024;
/** 1,250,000 rows of about 190 bytes: nothing of them may pile up. */
const query = `SELECT a.n, b.n AS m, '${'x'.repeat(180)}' AS filler FROM numbers a, numbers b WHERE b.n <= 250`;
const resultMiB = 220;
const boundMiB = 150;

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
] as const)('the memory of streams on %s', (_, startEngine) => {
  let service: ServiceProcess;
  let engine: SqlEngine;
  let request: { connectionId: string; query: string; format: string };

  beforeAll(async () => {
    [service, engine] = await Promise.all([startServiceProcess(), startEngine()]);
    const { id } = await service.api('POST', '/api/database/connections', { name: 's', ...engine.target });
    request = { connectionId: id, query, format: 'csv' };
    await measureGrowth(service, request, Infinity, 500);
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    await engine?.drop();
  });

  it('does not grow with a reader that takes all it can', async () => {
    const { bytes, most } = await measureGrowth(service, request);
    expect(bytes).toBeGreaterThan(resultMiB * MIB);
    expect(most).toBeLessThan(boundMiB * MIB);
  }, 120_000);

  it('does not grow with readers that are slower than the database', async () => {
    const slow = await Promise.all(
      Array.from({ length: 4 }, () => measureGrowth(service, request, MIB, 4000)),
    );
    expect(Math.max(...slow.map(({ most }) => most))).toBeLessThan(boundMiB * MIB);
    expect(Math.max(...slow.map(({ bytes }) => bytes))).toBeLessThan(50 * MIB);
  }, 60_000);
});
