import { startServers } from './start-servers';

/** Run once by jest, in its own process, before the workers are made: they inherit the environment. */
export default async function globalSetup(): Promise<void> {
  const started = await startServers();
  process.env['SLUICE_TEST_SERVERS'] = JSON.stringify(
    started.servers.map(({ engine, url, version }) => ({ engine, url, version })),
  );
  (globalThis as { stopTestServers?: () => Promise<void> }).stopTestServers = () => started.stop();
}
