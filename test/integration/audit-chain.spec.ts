import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { systemDataSourceOptions } from '../../src/database/data-source-options';
import { runMigrations } from '../../src/database/run-migrations';
import { AuditPartitionsJob } from '../../src/modules/audit/audit-partitions.job';
import { bySystem, type AuditEvent } from '../../src/modules/audit/audit-event';
import { entryHash, NO_HASH, uuidBytes } from '../../src/modules/audit/chain/chain-hash';
import { readTail } from '../../src/modules/audit/chain/read-tail';
import { canonicalOf, storedColumns, type StoredRecord } from '../../src/modules/audit/chain/stored-record';
import { freshPostgresDatabase, type FreshDatabase } from '../servers/servers';
import { startAudit } from './audit-on';

type Replica = Awaited<ReturnType<typeof startAudit>>;

const event = (action: string, details: Record<string, unknown> = {}): AuditEvent => ({
  ...bySystem,
  action,
  result: 'success',
  details,
});

describe('the chain of the record', () => {
  const seed = randomBytes(32);
  let database: FreshDatabase;
  let admin: DataSource;
  const replicas: Replica[] = [];

  beforeAll(async () => {
    database = await freshPostgresDatabase();
    admin = await new DataSource(systemDataSourceOptions(database.url, 3)).initialize();
    await runMigrations(admin);
  });
  afterAll(async () => {
    for (const one of replicas) await one.end();
    await admin.destroy();
    await database.drop();
  });

  const start = async (name?: string): Promise<Replica> => {
    const one = await startAudit(database.url, seed, name);
    replicas.push(one);
    return one;
  };
  const stored = (chain: string): Promise<StoredRecord[]> =>
    admin.query(`SELECT ${storedColumns} FROM audit_logs l WHERE chain_id = $1 ORDER BY chain_seq`, [chain]);
  const chainsOf = async ({ instance }: Replica): Promise<string[]> =>
    (
      await admin.query('SELECT id FROM audit_chains WHERE instance_id = $1 ORDER BY started_at', [
        instance.id,
      ])
    ).map(({ id }: { id: string }) => id);
  /** Recomputes every link of a chain from its records. */
  const verify = async (chain: string): Promise<number> => {
    let previous: Buffer = NO_HASH;
    const rows = await stored(chain);
    rows.forEach((row, index) => {
      expect(Number(row.chain_seq)).toBe(index + 1);
      previous = entryHash(uuidBytes(chain), index + 1, previous, canonicalOf(row).text);
      expect(row.entry_hash).toEqual(previous);
    });
    return rows.length;
  };
  /** Changes what may not be changed, as a superuser can who takes the trouble. */
  const tamper = (sql: string, values: unknown[] = []): Promise<void> =>
    admin.transaction(async (manager) => {
      await manager.query(`SET LOCAL session_replication_role = replica`);
      await manager.query(sql, values);
    });
  /** The first tries may meet a session that has just been killed. */
  const insist = (work: () => Promise<void>, tries = 3): Promise<void> =>
    work().catch((error: unknown) => (tries > 1 ? insist(work, tries - 1) : Promise.reject(error)));
  const killSessions = (name: string): Promise<unknown> =>
    admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [name]);

  it('holds what was committed alone and what was committed with changes, without a gap', async () => {
    const one = await start();
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        n % 3 === 0
          ? one.source.transaction((manager) => one.audit.recordIn(manager, event('test.change', { n })))
          : one.audit.record(
              event('test.alone', { n, text: 'ä"\\\u2028😀', float: 0.1, big: 1e21, no: null }),
            ),
      ),
    );
    const [chain] = await chainsOf(one);
    expect(await verify(chain!)).toBe(60);
    expect(await admin.query('SELECT 1 FROM audit_outbox')).toEqual([]);
  });

  it('goes on in order when the clock of the machine is set back, and forward again', async () => {
    const one = await start();
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now');
    try {
      for (const hours of [0, -30, -29, -1000, 0, 1]) {
        clock.mockReturnValue(now + hours * 3_600_000);
        await one.audit.record(event('test.clock', { hours }));
        await one.source.transaction((manager) =>
          one.audit.recordIn(manager, event('test.clock', { hours })),
        );
      }
    } finally {
      clock.mockRestore();
    }
    const [chain] = await chainsOf(one);
    expect(await verify(chain!)).toBe(12);
    const times = (await stored(chain!)).map(({ at }) => at);
    expect(times).toEqual(times.toSorted());
    expect(new Set(times).size).toBe(12);
    expect((await readTail(admin.manager, chain!)).brokenAt).toBeNull();
  });

  it('leaves out what was rolled back', async () => {
    const one = await start();
    const failed = one.source.transaction(async (manager) => {
      await one.audit.recordIn(manager, event('test.undone'));
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await one.source.transaction(async (manager) => {
      await one.audit.recordIn(manager, event('test.kept'));
      await manager.transaction((inner) => one.audit.recordIn(inner, event('test.inner')));
    });
    const [chain] = await chainsOf(one);
    expect((await stored(chain!)).map(({ action }) => action)).toEqual(['test.kept', 'test.inner']);
    expect(await verify(chain!)).toBe(2);
  });

  it('hashes what the table gives back, whatever came in', async () => {
    const one = await start();
    const origins = ['::ffff:1.2.3.4', '2001:DB8:0:0::1', '::1.2.3.4', '10.0.0.1', null];
    for (const ip of origins) {
      await one.audit.record({
        ...event('test.origin', { nul: 'a\0b', lone: '\ud800', '10': 1, '9': [undefined, Number.NaN] }),
        actor: { userId: randomUUID(), username: 'ada\ud800' },
        origin: { requestId: randomUUID(), ip, userAgent: 'x\0y' },
      });
    }
    expect(await verify((await chainsOf(one))[0]!)).toBe(origins.length);
  });

  it('goes on where it was when sessions are killed in the middle', async () => {
    const name = `kill-${randomBytes(4).toString('hex')}`;
    const one = await start(name);
    let written = 0;
    const writers = Array.from({ length: 8 }, async () => {
      for (let n = 0; n < 40; n++) {
        await one.audit.record(event('test.storm')).then(
          () => (written += 1),
          () => undefined,
        );
      }
    });
    const killing = (async () => {
      for (let n = 0; n < 5; n++) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        await killSessions(name);
      }
    })();
    await Promise.all([...writers, killing]);
    await insist(() => one.audit.record(event('test.after')));
    const chains = await chainsOf(one);
    expect(chains).toHaveLength(1);
    expect(await verify(chains[0]!)).toBeGreaterThanOrEqual(written + 1);
    expect(one.writer.broken).toEqual([]);
  });

  it.each([
    ['edited', 'UPDATE audit_logs SET entry_hash = sha256(entry_hash) WHERE chain_id = $1 AND chain_seq = 3'],
    ['cut off', 'DELETE FROM audit_logs WHERE chain_id = $1 AND chain_seq = 3'],
  ])('notices on its next session that its end was %s, and begins a new one', async (_, sql) => {
    const name = `tamper-${randomBytes(4).toString('hex')}`;
    const one = await start(name);
    for (let n = 0; n < 3; n++) await one.audit.record(event('test.before'));
    const [chain] = await chainsOf(one);
    await tamper(sql, [chain]);
    await killSessions(name);
    await insist(() => one.audit.record(event('test.after')));
    expect(one.writer.broken).toMatchObject([{ chain, expectedSeq: 3 }]);
    expect(await chainsOf(one)).toHaveLength(2);
    // What this process signs for is what it wrote, not what the table says now.
    expect(one.writer.segments()[0]).toMatchObject({ chain, from: 1, to: 3 });
    expect(await readTail(admin.manager, chain!)).toMatchObject({ lastSeq: 2 });
  });

  it('refuses UPDATE, DELETE and TRUNCATE, on the whole and on a partition, for the owner, too', async () => {
    const one = await start();
    await one.audit.record(event('test.frozen'));
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    for (const table of ['audit_logs', `audit_logs_${month}`]) {
      for (const sql of [`UPDATE ${table} SET action = 'x'`, `DELETE FROM ${table}`, `TRUNCATE ${table}`]) {
        await expect(admin.query(sql)).rejects.toMatchObject({ code: '42501' });
      }
    }
    for (const table of ['audit_chains', 'audit_keys', 'audit_roots', 'audit_segments']) {
      await expect(admin.query(`TRUNCATE ${table} CASCADE`)).rejects.toMatchObject({ code: '42501' });
    }
    await expect(admin.query('DELETE FROM audit_chains')).rejects.toMatchObject({ code: '42501' });
    await expect(admin.query(`UPDATE audit_chains SET started_at = now()`)).rejects.toMatchObject({
      code: '42501',
    });
  });

  it('keeps who it was when the user is deleted', async () => {
    const one = await start();
    const [user] = await admin.query(
      `INSERT INTO users (username, email, password_hash) VALUES ('gone', 'gone@example.com', 'x') RETURNING id`,
    );
    await one.audit.record({ ...event('test.user'), actor: { userId: user.id, username: 'gone' } });
    await admin.query('DELETE FROM users WHERE id = $1', [user.id]);
    const [chain] = await chainsOf(one);
    expect(await verify(chain!)).toBe(1);
    expect(await admin.query('SELECT actor_name FROM audit_logs WHERE user_id = $1', [user.id])).toEqual([
      { actor_name: 'gone' },
    ]);
  });

  it('has a month made that is missing when a commit needs it', async () => {
    const one = await start();
    const job = new AuditPartitionsJob(one.source, one.commit);
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    await admin.query(`ALTER TABLE audit_logs DETACH PARTITION audit_logs_${month}`);
    await admin.query(`ALTER TABLE audit_logs_${month} RENAME TO away`);
    try {
      await one.audit.record(event('test.missing'));
      expect(await job.ensure()).toEqual([]);
      expect(await verify((await chainsOf(one))[0]!)).toBe(1);
    } finally {
      await admin.query(`DROP TABLE audit_logs_${month}`);
      await admin.query(`ALTER TABLE away RENAME TO audit_logs_${month}`);
      const from = `${month.replace('_', '-')}-01`;
      await admin.query(
        `ALTER TABLE audit_logs ATTACH PARTITION audit_logs_${month}
         FOR VALUES FROM ('${from}') TO ('${new Date(Date.UTC(+month.slice(0, 4), +month.slice(5), 1)).toISOString()}')`,
      );
    }
  });

  describe('of a process that died', () => {
    const name = `dead-${randomBytes(4).toString('hex')}`;
    let dead: Replica;
    let chain: string;
    let survivor: Replica;

    beforeAll(async () => {
      dead = await start(name);
      survivor = await start();
      for (let n = 0; n < 3; n++) await dead.audit.record(event('test.last', { n }));
      // A change whose link never came: durable, and in no chain.
      const records = dead.outbox.link.bind(dead.outbox);
      dead.outbox.link = () => Promise.reject(new Error('killed here'));
      await dead.source.transaction((manager) => dead.audit.recordIn(manager, event('test.unlinked')));
      dead.outbox.link = records;
      [chain] = (await chainsOf(dead)) as [string];
      await dead.end();
      replicas.splice(replicas.indexOf(dead), 1);
      await admin.query(`UPDATE audit_outbox SET created_at = now() - interval '1 minute'`);
    });

    it('is closed where it ends, under a segment', async () => {
      expect(await survivor.keeper.closeDead(0)).toEqual([chain]);
      const [row] = await admin.query('SELECT closed_seq FROM audit_chains WHERE id = $1', [chain]);
      expect(Number(row.closed_seq)).toBe(3);
      const segments = await admin.query('SELECT from_seq, to_seq FROM audit_segments WHERE chain_id = $1', [
        chain,
      ]);
      expect(segments).toEqual([{ from_seq: '1', to_seq: '3' }]);
    });

    it('has its last change linked by another, and nothing that it did not write', async () => {
      const forged = randomUUID();
      await admin.query(
        `INSERT INTO audit_outbox SELECT $1::uuid, instance_id, replace(record, id::text, $2), mac, created_at FROM audit_outbox`,
        [forged, forged],
      );
      expect(await survivor.outbox.sweep()).toEqual({ linked: 1, foreign: [forged] });
      const left = await admin.query('SELECT id FROM audit_outbox');
      expect(left).toEqual([{ id: forged }]);
      const found = await admin.query(`SELECT chain_id FROM audit_logs WHERE action = 'test.unlinked'`);
      expect(found).toEqual([{ chain_id: (await chainsOf(survivor))[0] }]);
      await admin.query('DELETE FROM audit_outbox');
    });

    it('is not closed while it lives', async () => {
      const living = await start();
      await living.audit.record(event('test.alive'));
      expect(await survivor.keeper.closeDead(0)).toEqual([]);
    });
  });
});
