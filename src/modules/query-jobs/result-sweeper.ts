import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { SignalBus } from '../../database/signal-bus';
import { jobSignals } from './job-signals';
import { FileResultStore } from './store/file-result.store';

const SWEEP_MS = 600_000;

/** Deletes files whose row is gone: at once when the signal says so, and now and then what no signal spoke of. */
@Injectable()
export class ResultSweeper implements OnApplicationBootstrap {
  private readonly logger = new Logger(ResultSweeper.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly store: FileResultStore,
    signals: SignalBus,
  ) {
    signals.on(jobSignals.deleted, (name) => void this.delete(name));
  }

  onApplicationBootstrap(): void {
    void this.sweep();
  }

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    try {
      // Listed before the rows are read: what is begun meanwhile is not on the list.
      const names = await this.store.names();
      if (names.length === 0) return;
      const rows: { name: string }[] = await this.dataSource.query(
        `SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
           SELECT 1 FROM query_jobs
           WHERE id = split_part(name, '.', 1)::uuid AND attempt::text = split_part(name, '.', 2)
             AND state IN ('running', 'done'))`,
        [names],
      );
      for (const { name } of rows) await this.delete(name);
    } catch (error) {
      this.logger.warn({ err: error }, 'the store of results cannot be swept');
    }
  }

  private async delete(name: string): Promise<void> {
    try {
      await this.store.delete(name);
    } catch (error) {
      this.logger.warn({ err: error }, 'a result that nobody can open stays for now');
    }
  }
}
