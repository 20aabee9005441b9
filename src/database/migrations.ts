import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The same folder from `src` and from `dist`. */
export const MIGRATIONS_DIR = join(__dirname, '..', '..', 'migrations');

type MigrationClass = new () => MigrationInterface;

const FILE = /^(\d{13})-([a-z0-9-]+)\.up\.sql$/;

/**
 * The migrations of `migrations/<timestamp>-<name>.{up,down}.sql` as the classes TypeORM wants: raw SQL that can
 * be read, reviewed and run by hand. TypeORM takes order and identity from the 13 digits at the end of the name.
 */
export function loadMigrations(dir = MIGRATIONS_DIR): MigrationClass[] {
  return readdirSync(dir)
    .toSorted()
    .flatMap((file) => {
      const [, timestamp, name] = FILE.exec(file) ?? [];
      return timestamp && name ? [migrationOf(dir, timestamp, name)] : [];
    });
}

function migrationOf(dir: string, timestamp: string, name: string): MigrationClass {
  const sql = (direction: 'up' | 'down'): string =>
    readFileSync(join(dir, `${timestamp}-${name}.${direction}.sql`), 'utf8');
  return class implements MigrationInterface {
    readonly name = `${name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter: string) => letter.toUpperCase())}${timestamp}`;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sql('up'));
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(sql('down'));
    }
  };
}
