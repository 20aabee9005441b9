import { describeEngine } from '../servers/servers';
import { runLiveShards, type LiveReport } from './shards-live';
import { wrongIn } from './shards-live-expectations';

/** One round of changes here; the nightly tests go on for two minutes. */
for (const engine of ['mariadb', 'postgresql'] as const) {
  describeEngine(engine, () => {
    describe('shards that change under load', () => {
      let report: LiveReport;

      beforeAll(async () => {
        report = await runLiveShards({ engine, requestsPerSecond: 60, ms: 0 });
      });

      it('answer every user from the shard that has their rows and from no other database, or say why not', () => {
        const wrong = Object.entries(wrongIn(report)).filter(([, found]) => found.length > 0);
        expect(Object.fromEntries(wrong)).toEqual({});
      });

      it('were asked, read and written, and refused with both reasons', () => {
        const { visits, moves } = report;
        expect(moves).toBe(4);
        expect(visits.filter(({ answeredBy }) => answeredBy !== null).length).toBeGreaterThan(100);
        expect(visits.filter(({ row, status }) => row !== null && status === 200).length).toBeGreaterThan(50);
        const refusals = new Set(visits.filter(({ status }) => status !== 200).map(({ code }) => code));
        expect(refusals).toContain('shard.maintenance');
        expect(refusals).toContain('shard.unknown');
      });
    });
  });
}
