import { runChaos } from './run-chaos';

jest.setTimeout(240_000);

describe('kill -9 of the service and of its database under load', () => {
  it('loses no record, writes none twice, and does nothing that is not on record', async () => {
    const report = await runChaos({ kills: 8, clients: 5, everyMs: 1500, say: () => undefined });
    expect(report.checks.filter(({ problems }) => problems.length > 0)).toEqual([]);
    expect(report.checks.length).toBeGreaterThan(8);
    expect(report.records).toBeGreaterThan(20);
    expect(report.kills).toMatchObject({ service: 7, database: 1 });
  });
});
