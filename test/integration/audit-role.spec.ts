import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { RootJob } from '../../src/modules/ledger/root.job';
import { startTestService, type TestService } from '../e2e/service';

const DOCUMENT = readFileSync(join(__dirname, '..', '..', 'docs', 'audit.md'), 'utf8');

describe('a service whose account does not own the record', () => {
  const role = `sluice_app_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  let owner: TestService;
  let service: TestService;
  let client: Client;

  beforeAll(async () => {
    owner = await startTestService();
    // As an operator does who follows the document.
    const [, script] = /```sql\n(CREATE ROLE sluice_app[^]*?)```/.exec(DOCUMENT)!;
    await owner.service.app
      .get(DataSource)
      .query(script!.replaceAll('sluice_app', role).replace(/PASSWORD '[^']*'/, `PASSWORD '${password}'`));
    const url = new URL(owner.database.url);
    url.username = role;
    url.password = password;
    service = await owner.replica({ databaseUrl: url.href });
    client = new Client({ connectionString: url.href });
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await owner?.service.app.get(DataSource).query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    await owner?.close();
  });

  it('works, records and signs', async () => {
    const changed = await service.api('PATCH', '/api/settings/slow_query_ms', { value: 1234 });
    expect(changed.status).toBe(200);
    for (const one of [service, owner]) await one.service.app.get(RootJob).run();
    const proof = await service.api('GET', `/api/audit/${changed.headers.get('x-audit-id')}/proof`);
    expect(proof.status).toBe(200);
    expect((await service.api('POST', '/api/jobs/audit_partitions/run')).body.report).toEqual({
      made: 0,
      dropped: 0,
      records: 0,
    });
  });

  it.each([
    'audit_logs',
    `audit_logs_${new Date().toISOString().slice(0, 7).replace('-', '_')}`,
    'audit_roots',
    'audit_keys',
  ])('has no right to change %s', async (table) => {
    for (const sql of [
      `UPDATE ${table} SET ${table === 'audit_roots' ? 'body' : 'id'} = NULL`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table} CASCADE`,
      `DROP TABLE ${table} CASCADE`,
      `ALTER TABLE ${table} DISABLE TRIGGER ALL`,
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('cannot become who has, and drops months by the function alone, which decides', async () => {
    await expect(client.query('SET ROLE sluice_audit')).rejects.toMatchObject({ code: '42501' });
    const month = `audit_logs_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
    await expect(client.query('SELECT drop_audit_partition($1)', [month])).rejects.toMatchObject({
      code: '55000',
    });
  });
});
