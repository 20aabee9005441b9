import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { ensureOthersInstalled } from '../scripts/bootstrap.mjs';
import { compareCache } from './cache';
import { startDurablePostgres } from './durable-postgres';
import { compare, type Contender, type Line } from './compare';
import { median, percentile, type Target } from './load';
import { startOthers } from './others';
import { startProgram } from './processes';
import { formatReport, writeReport, type StreamLine } from './report';
import { COLUMNS, scenarios } from './scenarios';
import { startBenchService, type BenchService } from './service';
import { readStream, type StreamMeasured } from './stream';

const POOL = 10;
const quick = process.argv.includes('--quick');
const onlyClients = process.argv
  .flatMap((argument) => /^--clients=(\d+)$/.exec(argument)?.[1] ?? [])
  .map(Number)[0];
/** Rows of the stream: `--stream-rows=10000000` is the long run of the nightly tests. */
const streamRows = Number(
  process.argv.flatMap((argument) => /^--stream-rows=(\d+)$/.exec(argument)?.[1] ?? [])[0] ??
    (quick ? 200_000 : 1_000_000),
);
/** `--only=point`: one scenario, without the catalog; `--only=stream`, `--only=cache`: that alone; `--clients=64`: one load. */
const only = process.argv.find((argument) => argument.startsWith('--only='))?.slice('--only='.length);
/** Puts the programs of `bench/others` into the turns as well. */
const withOthers = process.argv.includes('--others');
const ROUNDS = quick ? 1 : 3;
const SECONDS = quick ? 2 : 3;

async function main(): Promise<void> {
  if (withOthers) ensureOthersInstalled();
  const [loadBefore = 0] = os.loadavg();
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
  const postgres = await startDurablePostgres(path.join(dir, 'pg'), dir, {
    // one of the other programs connects anew for each request
    max_connections: '200',
  });
  const started: { stop(): Promise<void> }[] = [postgres];
  try {
    const benchUrl = await createDatabase(postgres.url, 'bench');
    const systemUrl = await createDatabase(postgres.url, 'system');
    await fillItems(benchUrl);
    const bare = await startProgram(
      path.join(__dirname, 'bare-server.mjs'),
      { BENCH_DATABASE_URL: benchUrl, BENCH_POOL: String(POOL) },
      (line) => (JSON.parse(line) as { url: string }).url,
    );
    started.push(bare);
    const service = await startBenchService(systemUrl, path.join(dir, 'data'));
    started.push(service);
    const others = withOthers ? await startOthers(benchUrl, POOL) : [];
    started.push(...others);
    const connectionId = await register(service, benchUrl);
    const plain: Contender = {
      name: 'bare',
      pid: bare.pid,
      target: ({ query, params }) => ({
        url: `${bare.url}/query`,
        headers: {},
        body: JSON.stringify({ query, params }),
      }),
    };
    const governed: Contender = {
      name: 'service',
      pid: service.pid,
      target: ({ query, params }) => ({
        url: `${service.url}/api/database/query`,
        headers: service.headers,
        body: JSON.stringify({ connectionId, query, params, cache: 'bypass' }),
      }),
    };
    const lines: Line[] = [];
    for (const scenario of scenarios.filter(({ name }) => only === undefined || name === only)) {
      for (const clients of scenario.clients.filter(
        (count) => onlyClients === undefined || count === onlyClients,
      ))
        lines.push(
          await compare(plain, governed, others, scenario, { clients, rounds: ROUNDS, seconds: SECONDS }),
        );
    }
    for (const one of others) await one.stop();
    const stream =
      only === undefined || only === 'stream' ? await compareStreams(service, benchUrl, connectionId) : null;
    const hundred = scenarios.find(({ name }) => name === '100 rows')!;
    const cache =
      only === undefined || only === 'cache'
        ? await compareCache(
            service,
            { connectionId, query: hundred.query, params: hundred.params },
            { rounds: ROUNDS, seconds: SECONDS },
          )
        : null;
    const schema = only === undefined ? await browseSchema(service, connectionId, benchUrl) : null;
    const report = formatReport({
      ...{ lines, stream, cache, schema, loadBefore },
      others: others.map(({ name }) => name),
      rssMiB: residentMiB(service.pid),
      rounds: ROUNDS,
      seconds: SECONDS,
    });
    process.stdout.write(`\n${report}\n`);
    if (process.argv.includes('--write')) writeReport(report);
  } finally {
    for (const one of started.toReversed()) await one.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The same rows as NDJSON from the service and from the fastest plain program known, in turn. */
async function compareStreams(
  service: BenchService,
  databaseUrl: string,
  connectionId: string,
): Promise<StreamLine> {
  const plain = await startProgram(
    path.join(__dirname, 'plain-stream.mjs'),
    { BENCH_DATABASE_URL: databaseUrl },
    (line) => (JSON.parse(line) as { url: string }).url,
  );
  try {
    const query = `SELECT ${COLUMNS.map((name) => `items.${name}`).join(', ')} FROM copies, items WHERE copies.n <= $1`;
    const params = [streamRows / 20_000];
    const bare: Target = { url: plain.url, headers: {}, body: JSON.stringify({ query, params }) };
    const governed: Target = {
      url: `${service.url}/api/database/query/stream?format=ndjson`,
      headers: service.headers,
      body: JSON.stringify({ connectionId, query, params }),
    };
    const pairs: [StreamMeasured, StreamMeasured][] = [];
    await readStream(plain.pid, { ...bare, body: JSON.stringify({ query, params: [5] }) });
    await readStream(service.pid, {
      ...governed,
      body: JSON.stringify({ connectionId, query, params: [5] }),
    });
    for (let round = 0; round < ROUNDS; round++) {
      pairs.push([await readStream(plain.pid, bare), await readStream(service.pid, governed)]);
    }
    const line: StreamLine = {
      rows: streamRows,
      ratio: median(pairs.map(([b, g]) => b.seconds / g.seconds)),
      cpuUs: [
        (median(pairs.map(([b]) => b.cpuSeconds)) * 1e6) / streamRows,
        (median(pairs.map(([, g]) => g.cpuSeconds)) * 1e6) / streamRows,
      ],
      rssGrowthMiB: Math.max(...pairs.map(([, g]) => g.rssGrowthMiB)),
    };
    process.stdout.write(
      `stream, ${streamRows} rows: ${line.ratio.toFixed(2)} (${pairs.map(([b, g]) => `${g.seconds.toFixed(2)} s:${b.seconds.toFixed(2)} s`).join(' ')}); CPU per row ${line.cpuUs.map((us) => us.toFixed(2)).join(' → ')} µs; memory + ${line.rssGrowthMiB.toFixed(0)} MiB\n`,
    );
    return line;
  } finally {
    await plain.stop();
  }
}

async function createDatabase(adminUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function fillItems(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE items (id bigint PRIMARY KEY, name text, email text, amount numeric(12,2), created_at timestamptz, active boolean);
    INSERT INTO items SELECT n, 'Item number ' || n, 'person' || n || '@example.org', n * 1.37,
      timestamptz '2026-01-01' + n * interval '1 minute', n % 3 = 0 FROM generate_series(1, 20000) AS n;
    CREATE TABLE copies (n integer PRIMARY KEY);
    INSERT INTO copies SELECT generate_series(1, 1000);
    ANALYZE items; ANALYZE copies`);
  await client.end();
}

async function register(service: BenchService, url: string): Promise<string> {
  const { id } = await service.call<{ id: string }>('POST', '/database/connections', {
    name: 'bench',
    type: 'postgresql',
    connectionString: url,
    maxConnections: POOL,
  });
  return id;
}

/** Pages through a catalog of 10,000 tables: one page in a hundred asked for, searches among them. */
async function browseSchema(
  service: BenchService,
  connectionId: string,
  url: string,
): Promise<{ readMs: number; p95Ms: number }> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (let at = 0; at < 10_000; at += 500) {
    await client.query(
      Array.from(
        { length: 500 },
        (_, n) => `CREATE TABLE t_${at + n} (id int PRIMARY KEY, a text, b numeric, c date)`,
      ).join(';'),
    );
  }
  await client.end();
  const started = performance.now();
  await service.call('GET', `/database/schema/tables?connectionId=${connectionId}&refresh=true`);
  const readMs = performance.now() - started;
  const times: number[] = [];
  for (let n = 0; n < 200; n++) {
    const at = performance.now();
    const search = n % 2 === 0 ? `&q=t_${n}` : '';
    const route = n % 4 === 3 ? `tables/t_${n * 40}?` : 'tables?limit=100&';
    await service.call('GET', `/database/schema/${route}connectionId=${connectionId}${search}`);
    times.push(performance.now() - at);
  }
  return {
    readMs,
    p95Ms: percentile(
      times.toSorted((a, b) => a - b),
      0.95,
    ),
  };
}

function residentMiB(pid: number): number {
  const [, pages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
  return Math.round((Number(pages) * 4096) / 2 ** 20);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
