import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filePolicy } from './file-policy';

describe('filePolicy', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-files-')));
    for (const dir of ['data/postgres', 'data/sqlite', 'open', 'elsewhere']) {
      mkdirSync(join(root, dir), { recursive: true });
      writeFileSync(join(root, dir, 'file.db'), '');
    }
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const answer = (path: string, dirs: string[] | null): Promise<string> =>
    filePolicy(join(root, 'data'), dirs)(join(root, path)).catch((error: { code: string }) => error.code);

  it('keeps connections out of the data of the service', async () => {
    expect(await answer('data/postgres/file.db', null)).toBe('connection.address_denied');
    expect(await answer('data/secrets.json', null)).toBe('connection.address_denied');
    expect(await answer('data/sqlite/file.db', null)).toBe(join(root, 'data/sqlite/file.db'));
    expect(await answer('elsewhere/file.db', null)).toBe(join(root, 'elsewhere/file.db'));
  });

  it('permits only the listed folders, when there is a list', async () => {
    const dirs = [join(root, 'open')];
    expect(await answer('open/file.db', dirs)).toBe(join(root, 'open/file.db'));
    expect(await answer('elsewhere/file.db', dirs)).toBe('connection.address_denied');
    expect(await answer('open/../elsewhere/file.db', dirs)).toBe('connection.address_denied');
    expect(await answer('open-too/file.db', dirs)).toBe('connection.address_denied');
  });

  it('follows symbolic links before it decides', async () => {
    symlinkSync(join(root, 'elsewhere'), join(root, 'open', 'door'));
    symlinkSync(join(root, 'data'), join(root, 'open', 'data'));
    expect(await answer('open/door/file.db', [join(root, 'open')])).toBe('connection.address_denied');
    expect(await answer('open/data/postgres/file.db', null)).toBe('connection.address_denied');
    expect(await answer('open/door/new.db', [join(root, 'open')])).toBe('connection.address_denied');
  });

  it('refuses relative paths and NUL', async () => {
    const policy = filePolicy(join(root, 'data'), null);
    await expect(policy('file.db')).rejects.toMatchObject({ code: 'connection.invalid_config' });
    await expect(policy('/tmp/a\0b')).rejects.toMatchObject({ code: 'connection.invalid_config' });
  });
});
