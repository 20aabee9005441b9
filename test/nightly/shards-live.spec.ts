import { runLiveShards } from '../e2e/shards-live';
import { wrongIn } from '../e2e/shards-live-expectations';

/** SHARDS_SECONDS and SHARDS_RATE ask for less. */
const ms = Number(process.env['SHARDS_SECONDS'] ?? 120) * 1000;
const requestsPerSecond = Number(process.env['SHARDS_RATE'] ?? 200);

describe.each(['mariadb', 'postgresql'] as const)('%s shards that change under load', (engine) => {
  it(
    `answer ${requestsPerSecond} requests a second from the right database, or say why not`,
    async () => {
      const report = await runLiveShards({ engine, requestsPerSecond, ms });
      const { visits, absences, moves } = report;
      const refusals: Record<string, number> = {};
      for (const { code } of visits) if (code !== null) refusals[code] = (refusals[code] ?? 0) + 1;
      const rate = Math.round(report.requestsPerSecond);
      process.stdout.write(
        `${engine}: ${JSON.stringify({ visits: visits.length, rate, moves, absences: absences.length, refusals })}\n`,
      );
      const wrong = Object.entries(wrongIn(report)).filter(([, found]) => found.length > 0);
      expect(Object.fromEntries(wrong)).toEqual({});
    },
    ms + 240_000,
  );
});
