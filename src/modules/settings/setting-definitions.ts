import { decimal, integer, text, type SettingDefinition } from './setting-definition';

/** Every setting there is. The defaults are those that the first migration writes. */
export const settingDefinitions = {
  openai_model: text({
    default: 'gpt-4',
    min: 1,
    max: 200,
    description: 'Model of the OpenAI-compatible endpoint',
    category: 'llm',
  }),
  openai_temperature: decimal({
    default: 0,
    min: 0,
    max: 2,
    description: 'Sampling temperature, 0 to 2',
    category: 'llm',
  }),
  max_file_size_mb: integer({
    default: 50,
    min: 1,
    max: 1024,
    description: 'Largest file taken for analysis, in MiB',
    category: 'files',
  }),
  max_query_rows: integer({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    description: 'Most rows one answer holds, whoever asks',
    category: 'query',
  }),
  slow_query_ms: integer({
    default: 1000,
    min: 1,
    max: 3_600_000,
    description: 'Runs longer than this are logged as slow, in milliseconds',
    category: 'query',
  }),
  cache_ttl_seconds: integer({
    default: 3600,
    min: 0,
    max: 86_400,
    description: 'How long a cached result may be used, in seconds',
    category: 'query',
  }),
  cache_memory_mib: integer({
    default: 64,
    min: 0,
    max: 65_536,
    description: 'Memory of each replica for cached results, in MiB',
    category: 'query',
  }),
  max_replica_lag_ms: integer({
    default: 10_000,
    min: 100,
    max: 300_000,
    description: 'A replica that may lack more than the last so many milliseconds is not read from',
    category: 'query',
  }),
  saved_result_days: integer({
    default: 30,
    min: 1,
    max: 3650,
    description: 'How long saved results are kept, in days',
    category: 'query',
  }),
  session_timeout_hours: integer({
    default: 24,
    min: 1,
    max: 8760,
    description: 'Longest life of a session, in hours',
    category: 'auth',
  }),
  session_idle_minutes: integer({
    default: 480,
    // Activity is written down at most once a minute.
    min: 5,
    max: 525_600,
    description: 'A session unused for this long ends, in minutes',
    category: 'auth',
  }),
  background_timeout_seconds: integer({
    default: 3600,
    min: 1,
    max: 604_800,
    description: 'Longest time of a background run, in seconds; the permission may allow less',
    category: 'background',
  }),
  background_result_hours: integer({
    default: 24,
    min: 1,
    max: 8760,
    description: 'How long a background run and its result are kept once it has ended, in hours',
    category: 'background',
  }),
  background_max_result_mb: integer({
    default: 1024,
    min: 1,
    max: 1_048_576,
    description: 'Largest result of a background run, in MiB',
    category: 'background',
  }),
  background_max_total_mb: integer({
    default: 10_240,
    min: 1,
    max: 104_857_600,
    description: 'What all results of background runs may take, in MiB',
    category: 'background',
  }),
  background_jobs_per_user: integer({
    default: 100,
    min: 1,
    max: 100_000,
    description: 'Background runs a user may have, kept ones included',
    category: 'background',
  }),
  background_running_per_user: integer({
    default: 2,
    min: 1,
    max: 1000,
    description: 'Background runs of a user that run at once, on all replicas',
    category: 'background',
  }),
  background_running_per_connection: integer({
    default: 4,
    min: 1,
    max: 1000,
    description: 'Background runs on a connection that run at once, on all replicas',
    category: 'background',
  }),
  background_running_per_replica: integer({
    default: 4,
    min: 0,
    max: 1000,
    description: 'Background runs that a replica works on at once',
    category: 'background',
  }),
  audit_root_seconds: integer({
    default: 60,
    min: 1,
    max: 3600,
    description: 'How often the record is put under a signed root, in seconds',
    category: 'audit',
  }),
  backup_every_hours: integer({
    default: 24,
    min: 0,
    max: 168,
    description: 'How often the system database is backed up, in hours; 0 never',
    category: 'backup',
  }),
  backup_keep_days: integer({
    default: 7,
    min: 1,
    max: 3650,
    description: 'How long backups are kept, in days',
    category: 'backup',
  }),
  history_retention_days: integer({
    default: 90,
    min: 1,
    max: 3650,
    description: 'How long query history is kept, in days',
    category: 'retention',
  }),
  audit_retention_days: integer({
    default: 180,
    min: 1,
    max: 3650,
    description: 'How long audit records are kept, in days',
    category: 'retention',
  }),
  schema_cache_retention_days: integer({
    default: 30,
    min: 1,
    max: 3650,
    description: 'How long an unused schema cache is kept, in days',
    category: 'retention',
  }),
  shard_move_keep_minutes: integer({
    default: 60,
    min: 0,
    max: 43_200,
    description: 'How long the rows of moved keys stay where they were, in minutes',
    category: 'shards',
  }),
} satisfies Record<string, SettingDefinition>;

export type SettingKey = keyof typeof settingDefinitions;

export type SettingValue<K extends SettingKey> =
  (typeof settingDefinitions)[K] extends SettingDefinition<infer T> ? T : never;

export const settingKeys = Object.keys(settingDefinitions) as SettingKey[];

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settingDefinitions, key);
}
