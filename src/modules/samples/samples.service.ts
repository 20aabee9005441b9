import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { isAppError } from '../../common/app-error';
import { CONFIG, type Config } from '../../config/config';
import { SYSTEM_DATABASE, type SystemDatabase } from '../../database/system-database';
import { bySystem } from '../audit/audit-event';
import { ConnectionDirectory } from '../connections/connection-directory';
import type { ConnectionBody } from '../connections/connection.dto';
import { ConnectionsService } from '../connections/connections.service';
import { prepareEmbeddedSample } from './prepare-embedded-sample';
import { writeSqliteSample } from './write-sqlite-sample';

export const SQLITE_SAMPLE = 'sample-shop-sqlite';
export const POSTGRES_SAMPLE = 'sample-shop-postgresql';

/**
 * Two connections over a sample shop, so that there is something to ask at first. They are made at the first start
 * only: whoever deletes one is not given it again. Never in production (`config.samples`).
 */
@Injectable()
export class SamplesService implements OnModuleInit {
  private readonly logger = new Logger(SamplesService.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(SYSTEM_DATABASE) private readonly database: SystemDatabase,
    private readonly connections: ConnectionsService,
    private readonly directory: ConnectionDirectory,
  ) {}

  async onModuleInit(): Promise<void> {
    if (!this.config.samples) return;
    try {
      const first = !existsSync(this.sqliteFile);
      if (this.database.embedded) await this.offerPostgres(first);
      // Last, because it is what tells the next start that this one was complete.
      if (first) await this.offerSqlite();
    } catch (error) {
      this.logger.warn(
        { err: error },
        'the sample connections could not be made; the service goes on without',
      );
    }
  }

  private get sqliteFile(): string {
    return join(this.config.dataDir, 'sqlite', 'shop.sqlite');
  }

  private async offerSqlite(): Promise<void> {
    await this.register({
      name: SQLITE_SAMPLE,
      displayName: 'Sample shop (SQLite)',
      description: 'Made-up customers, products and orders to try things on',
      type: 'sqlite',
      database: this.sqliteFile,
      readOnly: true,
    });
    writeSqliteSample(this.sqliteFile);
  }

  private async offerPostgres(first: boolean): Promise<void> {
    const port = Number(new URL(this.database.url).port);
    const known = await this.directory.findByName(POSTGRES_SAMPLE);
    if (!known && !first) return;
    // The embedded server had to take another port: the sample follows it.
    if (known && known.publicConfig.port === port) return;
    const password = randomBytes(24).toString('base64url');
    const target = await prepareEmbeddedSample(this.database.url, password);
    if (known) {
      await this.connections.update(bySystem, known.id, { port: target.port, password });
      return;
    }
    await this.register({
      name: POSTGRES_SAMPLE,
      displayName: 'Sample shop (PostgreSQL)',
      description: 'Made-up customers, products and orders to try things on',
      type: 'postgresql',
      ...target,
      password,
      options: { searchPath: ['shop'] },
      readOnly: true,
    });
  }

  private async register(body: ConnectionBody): Promise<void> {
    try {
      await this.connections.create(bySystem, body);
    } catch (error) {
      // A start that was cut off, or another replica, has registered it already.
      if (!isAppError(error, 'resource.name_taken')) throw error;
    }
  }
}
