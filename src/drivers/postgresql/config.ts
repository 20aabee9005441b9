import type { ConnectionInput } from '../driver';
import { parseSqlConfig, publicSqlConfig, type SqlConfig } from '../sql-config';
import { postgresqlDescription } from './description';

/** What is sealed of a PostgreSQL connection. */
export interface PostgresConfig extends SqlConfig {
  /** Schemas in which unqualified names are looked up. */
  readonly searchPath: readonly string[];
}

export function parsePostgresConfig(input: ConnectionInput): PostgresConfig {
  const config = parseSqlConfig(input, {
    schemes: ['postgres', 'postgresql'],
    defaultPort: 5432,
    defaultTls: 'prefer',
    options: postgresqlDescription.options,
  });
  return { ...config, searchPath: (config.options['searchPath'] as string[] | undefined) ?? ['public'] };
}

export function publicPostgresConfig(config: PostgresConfig): ConnectionInput {
  return publicSqlConfig(config);
}
