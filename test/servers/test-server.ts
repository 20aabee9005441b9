import type { Engine, ServerAddress } from './engine';

/** The servers that the global setup of jest has started. */
export function testServers(): ServerAddress[] {
  const text = process.env['SLUICE_TEST_SERVERS'];
  if (!text) throw new Error('No test servers: only the jest projects "servers" and "nightly" start them.');
  return JSON.parse(text) as ServerAddress[];
}

/** @throws Error when the server was not started; tests of one engine belong into `describeEngine`. */
export function testServer(engine: Engine): ServerAddress {
  const server = testServers().find((candidate) => candidate.engine === engine);
  if (!server) throw new Error(`There is no ${engine} test server: use describeEngine('${engine}', …).`);
  return server;
}
