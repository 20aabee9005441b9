/** The servers that tests can ask for. */
export const engines = ['postgresql', 'mariadb', 'redis', 'mongodb'] as const;
export type Engine = (typeof engines)[number];

/** What a test needs to reach a server; handed to the workers of jest through the environment. */
export interface ServerAddress {
  readonly engine: Engine;
  /** With the credentials of an administrator. */
  readonly url: string;
  readonly version: string;
}

export interface StartedServer extends ServerAddress {
  stop(): Promise<void>;
}

/** `TEST_POSTGRESQL_URL` and so on: a server of one's own instead of a started one. */
export function urlFromEnvironment(engine: Engine): string | undefined {
  return process.env[`TEST_${engine.toUpperCase()}_URL`] || undefined;
}

/** The engines that `SKIP_ENGINES=mariadb,mongodb` gives up on. A name that is none is a typing error, not a wish. */
export function skippedEngines(): Engine[] {
  const names = (process.env['SKIP_ENGINES'] ?? '').split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== '')
    .map((name) => {
      const engine = engines.find((known) => known === name);
      if (!engine) throw new Error(`SKIP_ENGINES names ${name}; the engines are ${engines.join(', ')}.`);
      return engine;
    });
}
