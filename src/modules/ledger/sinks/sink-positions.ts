import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

/** In the place of a chain where the position is that of roots. */
export const ROOTS = '00000000-0000-0000-0000-000000000000';

/** In the place of a chain where the position is the time, in milliseconds, until which a replica has the sink. */
const LATER = '((extract(epoch FROM clock_timestamp()) + $3) * 1000)::bigint';
const LEASE = '00000000-0000-0000-0000-000000000001';

/** How far sinks have got, for all replicas and across restarts. */
@Injectable()
export class SinkPositions {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async get(sink: string, chain: string = ROOTS): Promise<number> {
    const [row]: { position: string }[] = await this.dataSource.query(
      'SELECT position FROM audit_sinks WHERE sink = $1 AND chain_id = $2',
      [sink, chain],
    );
    return Number(row?.position ?? 0);
  }

  /** Takes a sink for this replica; its session is free meanwhile. @returns whether no other replica has it */
  async lease(sink: string, seconds: number): Promise<boolean> {
    const rows: unknown[] = await this.dataSource.query(
      `INSERT INTO audit_sinks (sink, chain_id, position) VALUES ($1, $2, ${LATER})
       ON CONFLICT (sink, chain_id) DO UPDATE SET position = excluded.position
       WHERE audit_sinks.position < extract(epoch FROM clock_timestamp()) * 1000 RETURNING 1`,
      [sink, LEASE, seconds],
    );
    return rows.length > 0;
  }

  async extend(sink: string, seconds: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE audit_sinks SET position = ${LATER} WHERE sink = $1 AND chain_id = $2`,
      [sink, LEASE, seconds],
    );
  }

  async release(sink: string): Promise<void> {
    await this.set(sink, 0, LEASE);
  }

  async set(sink: string, position: number, chain: string = ROOTS): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO audit_sinks (sink, chain_id, position) VALUES ($1, $2, $3)
       ON CONFLICT (sink, chain_id) DO UPDATE SET position = excluded.position, updated_at = clock_timestamp()`,
      [sink, chain, position],
    );
  }
}
