import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DataSource } from 'typeorm';
import { OutcomeBundle } from '../../src/modules/query/outcome-bundle';
import { RootJob } from '../../src/modules/ledger/root.job';
import { postgresqlEngine, type SqlEngine } from './engines';
import { startTestService, type Answer, type TestService } from './service';

/** What somebody writes who has docs/audit.md and none of our code. */
function checkProof(proof: any, publicKey: string): void {
  const sha = (...parts: (Buffer | string)[]): Buffer => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');
  const climb = (leaf: Buffer, path: { side: string; hash: string }[]): Buffer =>
    path.reduce(
      (hash, step) =>
        step.side === 'left'
          ? sha(Buffer.of(1), hex(step.hash), hash)
          : sha(Buffer.of(1), hash, hex(step.hash)),
      leaf,
    );
  const sorted = (value: Record<string, unknown>): string =>
    JSON.stringify(Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))));
  const seq = Buffer.alloc(8);
  seq.writeBigUInt64BE(BigInt(proof.seq));
  const link = sha(
    Buffer.of(0),
    hex(proof.chain.replaceAll('-', '')),
    seq,
    hex(proof.previous),
    sha(proof.canonical),
  );
  expect(link.toString('hex')).toBe(proof.link);
  expect(climb(link, proof.segmentPath).toString('hex')).toBe(proof.segment.tree);
  const leaf = sha(Buffer.of(2), sorted(proof.segment));
  expect(climb(leaf, proof.rootPath).toString('hex')).toBe(proof.root.tree);
  expect(sha(sorted(proof.root)).toString('hex')).toBe(proof.rootHash);
  const key = createPublicKey(publicKey);
  expect(verify(null, Buffer.from(sorted(proof.root)), key, Buffer.from(proof.signature, 'base64'))).toBe(
    true,
  );
}

describe('the ledger', () => {
  let service: TestService;
  let replica: TestService;
  let engine: SqlEngine;
  let connectionId: string;

  beforeAll(async () => {
    [service, engine] = await Promise.all([startTestService(), postgresqlEngine()]);
    replica = await service.replica();
    const created = await service.api('POST', '/api/database/connections', { name: 'e', ...engine.target });
    connectionId = created.body.id;
  });
  afterAll(async () => {
    await service?.close();
    await engine?.drop();
  });

  const ask = (query: string, on = service): Promise<Answer> =>
    on.api('POST', '/api/database/query', { connectionId, query }, service.admin);
  const makeRoot = async (): Promise<void> => {
    // The one that is not first has its segments covered by the next root.
    for (const one of [service, replica, service]) await one.service.app.get(RootJob).run();
  };
  const keyOf = async (proof: any): Promise<string> => {
    const { body } = await service.api('GET', '/api/audit/keys');
    return body.items.find(({ id }: any) => id === proof.keyId).publicKey;
  };

  it('names the record of a statement in the answer, whether it ran or was refused', async () => {
    const ran = await ask('SELECT 1 AS one');
    expect(ran.headers.get('x-audit-id')).toBe(ran.body.queryId);
    const refused = await ask('SELECT pg_sleep(1); SELECT 2');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('x-audit-id')).toBe(refused.body.queryId);
  });

  it('has the outcomes of what succeeded in the chain, bundled, and of what failed each by itself', async () => {
    const ran = await ask('SELECT n FROM generate_series(1, 3) AS n');
    const failed = await ask('SELECT 1 / 0');
    await service.service.app.get(OutcomeBundle).flush();
    const find = async (action: string): Promise<any[]> =>
      (await service.api('GET', `/api/audit?action=${action}`)).body.items;
    const runs = (await find('query.outcomes')).flatMap(({ details }) => details.runs);
    expect(runs.find(({ id }) => id === ran.body.queryId)).toMatchObject({
      rows: 3,
      truncated: false,
      cached: false,
    });
    expect(runs.some(({ id }) => id === failed.body.queryId)).toBe(false);
    expect((await find('query.fail')).map(({ details }) => details.queryId)).toContain(failed.body.queryId);
  });

  it('names the record of a change, and none where there is none', async () => {
    const changed = await service.api('PATCH', '/api/settings/slow_query_ms', { value: 900 });
    const id = changed.headers.get('x-audit-id');
    const { body } = await service.api('GET', '/api/audit?action=setting.update');
    expect(body.items[0].id).toBe(id);
    expect((await service.api('GET', '/api/audit')).headers.get('x-audit-id')).toBeNull();
  });

  it('proves statements and changes of every replica to somebody who has nothing but the public key', async () => {
    const answers = [
      await ask('SELECT 2 AS two'),
      await ask('SELECT 3 AS three', replica),
      await ask('SELECT nonsense FROM'),
      await service.api('PATCH', '/api/settings/slow_query_ms', { value: 1000 }),
    ];
    await makeRoot();
    for (const { headers } of answers) {
      const { status, body: proof } = await service.api(
        'GET',
        `/api/audit/${headers.get('x-audit-id')}/proof`,
      );
      expect(status).toBe(200);
      checkProof(proof, await keyOf(proof));
    }
  });

  it('gives no proof that would not hold: not before the root, not for what was never recorded', async () => {
    const { headers } = await ask('SELECT 4 AS four');
    const early = await service.api('GET', `/api/audit/${headers.get('x-audit-id')}/proof`);
    expect([early.status, early.body.code]).toEqual([409, 'audit.not_sealed']);
    const unknown = await service.api('GET', '/api/audit/00000000-0000-4000-8000-000000000000/proof');
    expect(unknown.status).toBe(404);
  });

  it('shows a record that was edited afterwards as what its root does not hold', async () => {
    const { headers } = await ask('SELECT 5 AS five');
    const id = headers.get('x-audit-id');
    await makeRoot();
    await service.service.app.get(DataSource).transaction(async (manager: any) => {
      await manager.query('SET LOCAL session_replication_role = replica');
      await manager.query(`UPDATE audit_logs SET actor_name = 'somebody else' WHERE id = $1`, [id]);
    });
    const { body: proof } = await service.api('GET', `/api/audit/${id}/proof`);
    const key = await keyOf(proof);
    expect(() => checkProof(proof, key)).toThrow('expect(received).toBe(expected)');
  });

  it('chains the roots and writes them into the file of each replica', async () => {
    await ask('SELECT 6 AS six');
    await makeRoot();
    await service.service.app.get(RootJob).beforeApplicationShutdown();
    const { body } = await service.api('GET', '/api/audit/roots?after=0&limit=1000');
    expect(body.items.length).toBeGreaterThan(1);
    body.items.forEach(({ root }: any, index: number) => {
      expect(root.number).toBe(index + 1);
      expect(root.previous).toBe(body.items[index - 1]?.hash ?? '0'.repeat(64));
    });
    const lines = readFileSync(service.config.auditRootsFile, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(body.items.slice(0, lines.length));
    expect(lines.length).toBeGreaterThan(1);
  });

  it('shows the state of the chain and of the sinks in readiness', async () => {
    const { body } = await service.api('GET', '/api/health/ready', undefined, null);
    expect(body.checks).toMatchObject({ audit_chain: 'up', audit_roots: 'up' });
  });
});
