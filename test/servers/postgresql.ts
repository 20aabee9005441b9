import path from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres';
import { randomPassword } from './random-password';
import { urlFromEnvironment, type StartedServer } from './engine';

export async function startPostgresql(dir: string): Promise<StartedServer> {
  const url = urlFromEnvironment('postgresql');
  if (url) return { engine: 'postgresql', url, version: await versionOf(url), stop: async () => undefined };
  const server = await startEmbeddedPostgres({
    dir: path.join(dir, 'data'),
    password: randomPassword(),
    removeAfterwards: dir,
    settings: { max_connections: 300, shared_buffers: '64MB', max_wal_size: '256MB' },
  });
  return {
    engine: 'postgresql',
    url: server.url,
    version: await versionOf(server.url),
    stop: () => server.stop(),
  };
}

async function versionOf(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end();
  }
}
