import type { MongoConfig } from './parse-config';

/** Lines for `mongosh` that create an account which can only read the one database. */
export function readOnlyAccountScript(config: MongoConfig, account: { username: string }): string[] {
  const user = JSON.stringify(account.username);
  const db = JSON.stringify(config.database);
  return [
    `use ${config.options.authSource ?? 'admin'}`,
    `db.createUser({ user: ${user}, pwd: "<choose-a-password>", roles: [{ role: "read", db: ${db} }] })`,
  ];
}
