import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DataSource } from 'typeorm';
import { RootJob } from '../../src/modules/ledger/root.job';
import { RootDelivery } from '../../src/modules/ledger/sinks/root.delivery';
import { startTestService, type TestService } from '../e2e/service';

describe('sinks of signed roots', () => {
  let service: TestService;
  let server: Server;
  let answer: 'take' | 'refuse' | 'hang' = 'take';
  const received: number[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (part) => (text += String(part)));
      request.on('end', () => {
        if (answer === 'hang') return;
        if (answer === 'take') received.push(JSON.parse(text).root.number);
        response.writeHead(answer === 'take' ? 204 : 500).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    service = await startTestService({ auditRootsWebhook: `http://127.0.0.1:${port}/roots` });
  });
  afterAll(async () => {
    answer = 'take';
    server.closeAllConnections();
    await service.close();
    server.close();
  });

  const root = async (): Promise<void> => {
    await service.login('nobody', 'a wrong pass phrase');
    await service.service.app.get(RootJob).run();
  };
  const deliver = (): Promise<void> => service.service.app.get(RootDelivery).deliver();
  const ready = async (): Promise<any> =>
    (await service.api('GET', '/api/health/ready', undefined, null)).body;

  it('get every root in order, and once more what they have not taken', async () => {
    await root();
    await deliver();
    answer = 'refuse';
    await root();
    await deliver();
    expect(await ready()).toMatchObject({ status: 'ready', checks: { audit_roots: 'down' } });
    answer = 'take';
    await root();
    await deliver();
    await deliver();
    expect(received).toEqual([1, 2, 3]);
    expect(await ready()).toMatchObject({ status: 'ready', checks: { audit_roots: 'up' } });
  });

  it('that hang are shown, and hold up neither requests nor the next root', async () => {
    answer = 'hang';
    await root();
    const newest = async (): Promise<number> =>
      (await service.api('GET', '/api/audit/roots?after=0&limit=1000')).body.items.length;
    const before = await newest();
    await root();
    expect(await newest()).toBe(before + 1);
    const { text } = await service.api('GET', '/metrics');
    expect(text).toMatch(/audit_sink_behind_roots\{sink="file"\} \d/);
  });

  it('show that roots were deleted from the database', async () => {
    await service.service.app.get(DataSource).transaction(async (manager) => {
      await manager.query('SET LOCAL session_replication_role = replica');
      await manager.query(
        'UPDATE audit_segments SET root_number = NULL, root_index = NULL WHERE root_number > 1',
      );
      await manager.query('DELETE FROM audit_roots WHERE number > 1');
    });
    await root();
    await deliver();
    expect(await ready()).toMatchObject({ checks: { audit_chain: 'down', audit_roots: 'down' } });
    expect((await service.api('GET', '/metrics')).text).toMatch(/audit_chain_problems 1\n/);
  });
});
