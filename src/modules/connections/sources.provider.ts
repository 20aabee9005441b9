import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { CONFIG, type Config } from '../../config/config';
import { SignalBus } from '../../database/signal-bus';
import { driverFor } from '../../drivers';
import type { ConnectionInput, Source } from '../../drivers/driver';
import { SettingsService } from '../settings/settings.service';
import { connectOptions } from './connect-options';
import { CONNECTION_TOPIC, ConnectionDirectory } from './connection-directory';
import { ConnectionEvent } from './connection-event.entity';
import type { HealthFigures } from './connection-health';
import { serverCountOf, type ConnectionRecord } from './connection-record';
import { openServers } from './servers/open-servers';
import { SourceFactory } from './source-factory';

const OPEN_TIMEOUT_MS = 15_000;
const RECONNECT_EVERY_MS = 5_000;

/** The SourceFactory of the service, fed with saved configurations and told of every change. */
@Injectable()
export class Sources extends SourceFactory implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private static readonly log = new Logger('Sources');
  private readonly logger = Sources.log;

  /** Changes of health are written down in the order in which they came. */
  private remembering: Promise<void> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly directory: ConnectionDirectory,
    private readonly signals: SignalBus,
    settings: SettingsService,
    @InjectRepository(ConnectionEvent) private readonly events: Repository<ConnectionEvent>,
  ) {
    super({
      open: async (record, signal) => {
        const input = await directory.configOf(record);
        if (serverCountOf(record) === 1) return openSource(config, record, input, signal);
        return openServers(record, input, {
          config,
          maxLagMs: () => settings.get('max_replica_lag_ms'),
          onPrimaryChange: (place, disputed) =>
            Sources.log.warn({ connectionId: record.id, place, disputed }, 'the primary is another one'),
        });
      },
      onHealthChange: (id, figures) => {
        this.remembering = this.remembering.then(() => this.remember(id, figures));
      },
      maxSessionsTotal: config.maxSessionsTotal,
      idleMs: config.sourceIdleMs,
      graceMs: config.shutdownGraceMs,
      openTimeoutMs: OPEN_TIMEOUT_MS,
    });
  }

  /** Resolves when every change of health so far is written down. */
  async settled(): Promise<void> {
    await this.remembering;
  }

  onApplicationBootstrap(): void {
    this.signals.on(CONNECTION_TOPIC, (id) => void this.refresh(id));
    this.signals.onGap(() => {
      for (const { record } of this.opened()) void this.refresh(record.id);
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Goes back to databases that are down, so that they are up again before somebody asks. */
  @Interval(RECONNECT_EVERY_MS)
  async reconnect(): Promise<void> {
    await Promise.all(
      this.due().map(async (record) => {
        try {
          (await this.lease(record, AbortSignal.timeout(OPEN_TIMEOUT_MS))).release();
        } catch {
          // Its circuit has taken note.
        }
      }),
    );
  }

  private async refresh(id: string): Promise<void> {
    try {
      const record = await this.directory.find(id, true);
      this.retire(id, record?.active ? record.revision : null);
    } catch (error) {
      this.logger.warn({ err: error, connectionId: id }, 'a changed connection could not be read');
      this.retire(id, null);
    }
  }

  private async remember(connectionId: string, { state, code }: HealthFigures): Promise<void> {
    try {
      // Not when the connection was deleted meanwhile.
      await this.events.query(
        `INSERT INTO connection_events (connection_id, state, code)
         SELECT id, $2, $3 FROM database_connections WHERE id = $1`,
        [connectionId, state, code],
      );
    } catch (error) {
      this.logger.warn({ err: error, connectionId }, 'a change of health could not be written down');
    }
  }
}

async function openSource(
  config: Config,
  record: ConnectionRecord,
  input: ConnectionInput,
  signal: AbortSignal,
): Promise<Source> {
  const driver = await driverFor(record.type);
  return driver.connect(driver.parseConfig(input), connectOptions(config, record), signal);
}
