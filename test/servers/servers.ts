import { skippedEngines, type Engine } from './engine';

export { freshMariadbDatabase } from './fresh-mariadb';
export { freshMongoDatabase } from './fresh-mongodb';
export { freshPostgresDatabase } from './fresh-postgresql';
export type { FreshDatabase } from './fresh-database';
export { testServer, testServers } from './test-server';
export type { Engine, ServerAddress, StartedServer } from './engine';

/** The tests of one engine: left out, visibly, only when SKIP_ENGINES names it. */
export function describeEngine(engine: Engine, tests: () => void): void {
  if (skippedEngines().includes(engine)) {
    describe.skip(`${engine} (SKIP_ENGINES)`, tests);
  } else {
    describe(engine, tests);
  }
}
