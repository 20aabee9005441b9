import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { Instance } from '../../database/instance';
import type { JobReport } from '../jobs/job';
import { Jobs } from '../jobs/jobs.service';

/** What processes that are gone have counted becomes one row a place: the sum, which is what counts, stays. */
@Injectable()
export class WriteGenerationsJob {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly instance: Instance,
    jobs: Jobs,
  ) {
    jobs.register({
      name: 'write_generations',
      description: 'Adds up the generations of writes that ended processes have counted',
      everySeconds: 86_400,
      run: () => this.run(),
    });
  }

  async run(): Promise<JobReport> {
    const rows: { instance_id: string }[] = await this.dataSource.query(
      `SELECT DISTINCT instance_id FROM write_generations
       WHERE instance_id <> '00000000-0000-0000-0000-000000000000' AND counted_at < now() - interval '1 day'`,
    );
    const gone = await this.instance.deadAmong(rows.map(({ instance_id: id }) => id));
    const [added]: { places: string }[] = await this.dataSource.query(
      `WITH gone AS (
         DELETE FROM write_generations WHERE instance_id = ANY($1::uuid[]) RETURNING place, generation
       ), added AS (
         INSERT INTO write_generations AS g (place, instance_id, generation)
         SELECT place, '00000000-0000-0000-0000-000000000000', sum(generation) FROM gone GROUP BY 1
         ON CONFLICT (place, instance_id) DO UPDATE
           SET generation = g.generation + excluded.generation, counted_at = now()
         RETURNING 1
       ) SELECT count(*) AS places FROM added`,
      [gone],
    );
    await this.dataSource.query(`DELETE FROM writes_under_way WHERE until < now() - interval '1 day'`);
    return { added: Number(added?.places ?? 0) };
  }
}
