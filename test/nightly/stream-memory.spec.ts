import { mariadbEngine, postgresqlEngine } from '../e2e/engines';
import { startServiceProcess } from '../e2e/service-process';
import { measureGrowth } from '../e2e/stream-growth';

const MIB = 1024 * 1024;
/** Ten million rows, about 100 MiB. */
const query = 'SELECT a.n, b.n AS m FROM numbers a, numbers b WHERE b.n <= 2000';

describe.each([
  ['PostgreSQL', postgresqlEngine],
  ['MariaDB', mariadbEngine],
] as const)('ten million rows of %s', (name, startEngine) => {
  it.each([
    ['as fast as it can', Infinity],
    ['at 1 MB/s', 1_000_000],
  ])(
    'cost at most 100 MB of memory, read %s',
    async (how, bytesPerSecond) => {
      // With V8's own size of the young generation: the room that `npm start` gives is filled first, whatever is read.
      const [service, engine] = await Promise.all([startServiceProcess(), startEngine()]);
      try {
        const { id } = await service.api('POST', '/api/database/connections', {
          name: 's',
          ...engine.target,
        });
        const request = { connectionId: id, query, format: 'csv' };
        const { bytes, most } = await measureGrowth(service, request, bytesPerSecond);
        process.stdout.write(`${name}, ${how}: + ${(most / MIB).toFixed(0)} MiB for ${bytes} bytes\n`);
        expect(bytes).toBeGreaterThan(95_000_000);
        expect(most).toBeLessThan(100_000_000);
      } finally {
        await service.stop();
        await engine.drop();
      }
    },
    900_000,
  );
});
