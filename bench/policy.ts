/**
 * What policies cost before anything is sent: analysis, decision and rewriting of a statement of sixty lines over two tables,
 * one of them with masks, a denied column and a row filter. `npm run bench:policy`. The catalog is known, as it is for every
 * statement but the first; the times are of one thread.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { CacheService } from '../src/cache/cache.service';
import { Metrics } from '../src/common/metrics';
import type { Config } from '../src/config/config';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres';
import { driverFor } from '../src/drivers';
import type { Source } from '../src/drivers/driver';
import type { ConnectionRecord } from '../src/modules/connections/connection-record';
import type { Sources } from '../src/modules/connections/sources.provider';
import { decideStatement } from '../src/modules/permissions/decide-statement';
import { administratorPermission } from '../src/modules/permissions/permission';
import { effectivePolicies } from '../src/modules/policies/effective-policies';
import type { PoliciesService } from '../src/modules/policies/policies.service';
import { RelationCatalog } from '../src/modules/policies/relation-catalog';
import { StatementPlanner } from '../src/modules/policies/statement-planner';
import { analyse, closeAnalysis } from '../src/sql/analyse';

const ROUNDS = 5;
const MISSES = 200;
const HITS = 20_000;

const statement = [
  'with recent as (',
  '  select o.customer_id, sum(o.total) as total, count(*) as n',
  '  from orders o',
  '  join customers c on c.id = o.customer_id',
  '  where o.total > 1',
  '  group by o.customer_id',
  '),',
  'ranked as (',
  '  select r.customer_id, r.total, r.n,',
  '    rank() over (order by r.total desc) as place',
  '  from recent r',
  ')',
  'select',
  ...Array.from(
    { length: 36 },
    (_, n) => `  case when c.name like '${n}%' then r.total else 0 end as col${n},`,
  ),
  '  c.id,',
  '  c.name,',
  '  c.email,',
  '  c.country',
  'from ranked r',
  'join customers c on c.id = r.customer_id',
  'left join orders o on o.customer_id = c.id',
  "where c.country = 'DE'",
  '  and exists (select 1 from orders x where x.customer_id = c.id)',
  'group by c.id, c.name, c.email, c.country, r.total',
  'having count(*) > 0',
].join('\n');

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-policy-'));
  const server = await startEmbeddedPostgres({
    dir: join(dir, 'data'),
    password: 'bench',
    removeAfterwards: dir,
  });
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(`
    create table customers (id int primary key, country text, name text, email text, phone text, card text, notes text);
    create table orders (id int primary key, customer_id int, total numeric)`);
  await client.end();
  const driver = await driverFor('postgresql');
  const source = await driver.connect(
    driver.parseConfig({ connectionString: server.url, ssl: false }),
    {
      maxSessions: 1,
      keepSessions: 1,
      idleMs: 10_000,
      recycleMs: 600_000,
      prePingAfterMs: 1_000,
      connectTimeoutMs: 5_000,
      acquireTimeoutMs: 5_000,
      readOnly: true,
      applicationName: 'bench',
      resolveHost: (address) => Promise.resolve({ address, family: 4 }),
      resolveFile: (path) => Promise.resolve(path),
    },
    new AbortController().signal,
  );
  const connection = {
    id: 'bench',
    revision: 1,
    policyEpoch: 1,
    dialect: 'postgresql',
    publicConfig: {},
  } as unknown as ConnectionRecord;
  const sources = {
    use: (_connection: unknown, _signal: unknown, work: (open: Source) => Promise<unknown>) => work(source),
  } as unknown as Sources;
  const keys = { hashKeyOf: () => Promise.resolve(Buffer.alloc(32)) } as unknown as PoliciesService;
  const cache = new CacheService({ redisUrl: null, encryptionKeys: [] } as unknown as Config, new Metrics());
  const planner = new StatementPlanner(new RelationCatalog(sources, cache), keys);
  const on = { schema: 'public', table: 'customers' };
  const policies = effectivePolicies(
    [
      { ...on, column: 'email', mask: 'email' },
      { ...on, column: 'phone', mask: 'phone' },
      { ...on, column: 'card', mask: 'hash' },
      { ...on, column: 'notes', deny: true },
      { ...on, rowFilter: 'country = :country' },
    ],
    { userId: 'u', username: 'u', role: 'user', unmasked: false, attributes: { country: 'DE' } },
    'postgresql',
  );
  const pass = async (text: string): Promise<void> => {
    const analysis = await analyse('postgresql', text);
    if (!analysis.ok) throw new Error(analysis.refusal.detail);
    const denial = decideStatement(analysis.facts, administratorPermission, {
      dialect: 'postgresql',
      readOnly: true,
      searchPath: ['public'],
      isAdministrator: false,
    });
    if (denial) throw new Error(denial.detail);
    await planner.plan({ connection, policies, text, facts: analysis.facts });
  };
  await pass(statement);
  const misses: number[] = [];
  const hits: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await closeAnalysis();
    let startedAt = performance.now();
    // every text is new
    for (let n = 1; n <= MISSES; n++) await pass(`${statement}\n-- ${round} ${n}`);
    misses.push((performance.now() - startedAt) / MISSES);
    startedAt = performance.now();
    for (let n = 0; n < HITS; n++) await pass(statement);
    hits.push(((performance.now() - startedAt) / HITS) * 1000);
  }
  process.stdout.write(
    `a miss: ${median(misses).toFixed(2)} ms (aim 1.5), a hit: ${median(hits).toFixed(1)} µs (aim 60); medians of ${ROUNDS} rounds\n`,
  );
  await source.close();
  await server.stop();
}

void main();
