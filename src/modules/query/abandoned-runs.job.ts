import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Instance } from '../../database/instance';

const EVERY_MS = 30_000;
/** A living process whose lock was lost with its session has it again within this, in milliseconds. */
const CONFIRM_MS = 5_000;

/** Closes runs whose process died: nobody will ever say how they ended, and history must not show them as running. */
@Injectable()
export class AbandonedRunsJob implements OnApplicationBootstrap {
  private readonly logger = new Logger(AbandonedRunsJob.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
  ) {}

  onApplicationBootstrap(): void {
    void this.run();
  }

  @Interval(EVERY_MS)
  async run(): Promise<void> {
    try {
      await this.close();
    } catch (error) {
      this.logger.warn({ err: error }, 'runs of dead processes could not be closed');
    }
  }

  /** @returns how many were closed */
  async close(): Promise<number> {
    const rows: { instance_id: string }[] = await this.dataSource.query(
      `SELECT DISTINCT instance_id FROM query_history WHERE status = 'pending' AND instance_id IS NOT NULL`,
    );
    const suspects = await this.instance.deadAmong(rows.map(({ instance_id: id }) => id));
    if (suspects.length === 0) return 0;
    await sleep(CONFIRM_MS, undefined, { ref: false });
    const dead = await this.instance.deadAmong(suspects);
    if (dead.length === 0) return 0;
    const [, closed]: [unknown, number] = await this.dataSource.query(
      `UPDATE query_history SET status = 'error', error_code = 'query.interrupted', finished_at = now(),
         error_message = 'The service ended while the statement ran; its outcome is unknown'
       WHERE status = 'pending' AND instance_id = ANY($1::uuid[])`,
      [dead],
    );
    return closed;
  }
}
