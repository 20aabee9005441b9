import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';

/** In the place of a chain where the position is that of roots. */
export const ROOTS = '00000000-0000-0000-0000-000000000000';

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

  async set(sink: string, position: number, chain: string = ROOTS): Promise<void> {
    await this.dataSource.query(
      `INSERT INTO audit_sinks (sink, chain_id, position) VALUES ($1, $2, $3)
       ON CONFLICT (sink, chain_id) DO UPDATE SET position = excluded.position, updated_at = clock_timestamp()`,
      [sink, chain, position],
    );
  }
}
