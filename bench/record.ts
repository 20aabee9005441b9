import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startDurablePostgres } from './durable-postgres';
import { load, median, type Measured } from './load';
import { startBenchService, type BenchService } from './service';

const ROUNDS = 5;
const SECONDS = 3;
const RECORD_OFF = ['--require', path.join(__dirname, 'record-off.cjs')];

/** `npm run bench:record`: what the record costs a point query, against the same service that writes none. */
async function main(): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-record-'));
  const postgres = await startDurablePostgres(path.join(dir, 'pg'), dir);
  const services: BenchService[] = [];
  try {
    const target = await createDatabase(postgres.url, 'bench', true);
    for (const [name, options] of [
      ['on', []],
      ['off', RECORD_OFF],
    ] as const) {
      const url = await createDatabase(postgres.url, `system_${name}`, false);
      services.push(await startBenchService(url, path.join(dir, name), options));
    }
    const [on, off] = services as [BenchService, BenchService];
    const connections = [await register(on, target), await register(off, target)] as const;
    for (const clients of [1, 16, 64]) {
      const pairs: [Measured, Measured][] = [];
      await ask(on, connections[0], clients, 1);
      await ask(off, connections[1], clients, 1);
      // In turn, so that a machine that slows down slows both.
      for (let round = 0; round < ROUNDS; round++) {
        pairs.push([
          await ask(on, connections[0], clients, SECONDS),
          await ask(off, connections[1], clients, SECONDS),
        ]);
      }
      const ratio = median(pairs.map(([a, b]) => a.requestsPerSecond / b.requestsPerSecond));
      const added = median(pairs.map(([a, b]) => a.p50Ms - b.p50Ms));
      process.stdout.write(
        `point, ${clients} clients: throughput with the record / without ${ratio.toFixed(2)}, added p50 ${added.toFixed(2)} ms\n`,
      );
    }
    process.stdout.write(
      `Node ${process.version}, ${os.cpus().length} cores shared by all; median of ${ROUNDS} rounds\n`,
    );
  } finally {
    for (const service of services) await service.stop();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function ask(
  service: BenchService,
  connectionId: string,
  clients: number,
  seconds: number,
): Promise<Measured> {
  const query = 'SELECT id, name FROM items WHERE id = $1';
  const body = JSON.stringify({ connectionId, query, params: [4711], cache: 'bypass' });
  return load({ url: `${service.url}/api/database/query`, headers: service.headers, body }, clients, seconds);
}

async function register(service: BenchService, url: string): Promise<string> {
  const body = { name: 'bench', type: 'postgresql', connectionString: url, maxConnections: 10 };
  return (await service.call<{ id: string }>('POST', '/database/connections', body)).id;
}

async function createDatabase(adminUrl: string, name: string, withItems: boolean): Promise<string> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  if (!withItems) return url.href;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(`CREATE TABLE items (id bigint PRIMARY KEY, name text);
    INSERT INTO items SELECT n, 'Item number ' || n FROM generate_series(1, 20000) AS n; ANALYZE items`);
  await client.end();
  return url.href;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
