/**
 * What routing costs: one point query sent to a connection, to the same database as a shard, and by the session of the
 * caller, in turns. `npm run bench:shards` (after a build); the ratios say more than the rates.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { startDurablePostgres } from './durable-postgres';
import { load, median, type Target } from './load';
import { startBenchService } from './service';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 7;
const SECONDS = quick ? 1 : 2;
const CLIENTS = [1, 16, 64];

async function main(): Promise<void> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-shards-'));
  const postgres = await startDurablePostgres(path.join(dir, 'pg'), dir);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  for (const name of ['bench_shard', 'bench_system']) await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const urlOf = (name: string): string => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
  const items = new Client({ connectionString: urlOf('bench_shard') });
  await items.connect();
  await items.query(
    `CREATE TABLE items AS SELECT n AS id, 'item ' || n AS name FROM generate_series(1, 10000) n`,
  );
  await items.query('ALTER TABLE items ADD PRIMARY KEY (id)');
  await items.end();
  const service = await startBenchService(urlOf('bench_system'), path.join(dir, 'data'));
  try {
    const { hostname, port, username, password } = new URL(postgres.url);
    const { connectionId } = await service.call<{ connectionId: string }>('POST', '/shards', {
      ...{ shardId: 'one', type: 'postgresql', host: hostname, port: Number(port) },
      ...{ databaseName: 'bench_shard', username, password, ssl: false },
    });
    const query = { query: 'SELECT id, name FROM items WHERE id = $1', params: [4711], cache: 'bypass' };
    const target = (route: string, body: object): Target => ({
      url: `${service.url}/api/${route}`,
      headers: service.headers,
      body: JSON.stringify(body),
    });
    const targets: Readonly<Record<string, Target>> = {
      connection: target('database/query', { ...query, connectionId }),
      shard: target('shards/one/query', query),
      session: target('shards/session/query', query),
    };
    for (const one of Object.values(targets)) await load(one, 4, 1);
    for (const clients of CLIENTS) {
      const rates: Record<string, number[]> = {};
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const [name, one] of Object.entries(targets)) {
          (rates[name] ??= []).push((await load(one, clients, SECONDS)).requestsPerSecond);
        }
      }
      const direct = rates.connection ?? [];
      const ratio = (name: string): string =>
        median((rates[name] ?? []).map((rate, round) => rate / (direct[round] ?? Number.NaN))).toFixed(2);
      process.stdout.write(
        `${clients} clients: connection ${median(direct).toFixed(0)}/s, ` +
          `shard x ${ratio('shard')}, session x ${ratio('session')}\n`,
      );
    }
  } finally {
    await service.stop();
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

void main();
