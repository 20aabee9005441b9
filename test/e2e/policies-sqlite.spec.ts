import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { startTestService, type Answer, type TestService, type TestUser } from './service';

describe('policies on SQLite over HTTP', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-policies-'));
  const file = path.join(dir, 'shop.db');
  let service: TestService;
  let viewer: TestUser;
  let connectionId: string;

  const change = (sql: string): void => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };

  beforeAll(async () => {
    change(`create table Customers (id integer primary key, email text, token text, region text);
      insert into Customers values (1, 'alice@example.org', 'a', 'EU'), (2, 'canary@example.org', 'a', 'US')`);
    service = await startTestService({ sqliteDirs: [dir] });
    const created = await service.api('POST', '/api/database/connections', {
      name: 's',
      type: 'sqlite',
      database: file,
      readOnly: false,
    });
    connectionId = created.body.id;
    viewer = await service.user('user');
    const permission = `/api/database/connections/${connectionId}/permissions/${viewer.id}`;
    await service.api('PUT', permission, {});
  });
  afterAll(async () => {
    await service?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const ask = (query: string, auth = viewer.token): Promise<Answer> =>
    service.api('POST', '/api/database/query', { connectionId, query, rowMode: 'array' }, auth);

  it('are kept with the names of the catalog, and hold after the table was made again', async () => {
    const items = [
      { table: 'CUSTOMERS', column: 'Email', mask: 'email' },
      { table: 'customers', column: 'token', mask: 'hash' },
      { table: 'customers', rowFilter: "region = 'EU'" },
    ];
    const saved = await service.api('PUT', `/api/database/connections/${connectionId}/policies`, { items });
    expect([saved.status, saved.body.items?.[0]]).toEqual([
      200,
      { schema: null, table: 'Customers', column: 'email', mask: 'email' },
    ]);
    const { body } = await ask('select email, token from customers');
    expect(body.data).toEqual([['al***@example.org', expect.stringMatching(/^[0-9a-f]{64}$/)]]);
    expect(body.data[0][1]).not.toBe(createHmac('sha256', Buffer.alloc(32)).update('a').digest('hex'));
    change('alter table Customers add column more text');
    const again = await ask('select * from customers');
    expect([again.body.code, again.body.detail]).toEqual([undefined, undefined]);
    expect(again.body.data).toEqual([[1, 'al***@example.org', body.data[0][1], 'EU', null]]);
    expect((await ask("select sluice_keyed_hash('a')")).body.code).toBe('permission.function_denied');
  });
});
