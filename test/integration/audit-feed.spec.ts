import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { FeedJob } from '../../src/modules/ledger/feed/feed.job';
import { startTestService, type TestService } from '../e2e/service';

type Mode = 'take' | 'refuse' | 'hang';

/** Frames of RFC 6587, 3.4.1. */
function unframe(text: string): string[] {
  const messages: string[] = [];
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const space = rest.indexOf(0x20);
    const length = Number(rest.subarray(0, space).toString());
    messages.push(rest.subarray(space + 1, space + 1 + length).toString());
    rest = rest.subarray(space + 1 + length);
  }
  return messages;
}

describe('the feed of records', () => {
  let service: TestService;
  const received: any[] = [];
  let mode: Mode = 'take';

  const change = async (): Promise<string | null> =>
    (await service.api('PATCH', '/api/settings/slow_query_ms', { value: 1000 })).headers.get('x-audit-id');
  const feed = (one = service): Promise<void> => one.service.app.get(FeedJob).run();
  const ready = async (): Promise<any> =>
    (await service.api('GET', '/api/health/ready', undefined, null)).body;

  describe('to a webhook', () => {
    let server: HttpServer;
    beforeAll(async () => {
      server = createHttpServer((request, response) => {
        let text = '';
        request.on('data', (part) => (text += String(part)));
        request.on('end', () => {
          if (mode === 'hang') return;
          if (mode === 'take')
            received.push(
              ...text
                .trim()
                .split('\n')
                .map((line) => JSON.parse(line)),
            );
          response.writeHead(mode === 'take' ? 200 : 503).end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      service = await startTestService({
        auditFeed: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      });
    });
    afterAll(async () => {
      mode = 'take';
      server.closeAllConnections();
      await service.close();
      server.close();
    });

    it('has every record of every replica, in the order of its chain, and none twice while nothing fails', async () => {
      const replica = await service.replica();
      const ids = [await change(), await change()];
      const other = await replica.api('PATCH', '/api/settings/slow_query_ms', { value: 1001 }, service.admin);
      ids.push(other.headers.get('x-audit-id'));
      await Promise.all([feed(), feed(replica)]);
      await feed();
      const found = received.map(({ record }) => record.id);
      for (const id of ids) expect(found.filter((one) => one === id)).toHaveLength(1);
      expect(new Set(found).size).toBe(found.length);
      const chains = [...new Set(received.map(({ chain }) => chain))].map((id) =>
        received.filter(({ chain }) => chain === id),
      );
      expect(chains.length).toBeGreaterThan(1);
      for (const lines of chains) {
        expect(lines.map(({ seq }: any) => seq)).toEqual(lines.map((_: unknown, index: number) => index + 1));
      }
    });

    it('goes on where it was after a failure, and says so meanwhile', async () => {
      mode = 'refuse';
      const id = await change();
      await feed();
      expect(await ready()).toMatchObject({ status: 'ready', checks: { audit_feed: 'down' } });
      expect((await service.api('GET', '/metrics')).text).toMatch(/audit_feed_failing 1\n/);
      mode = 'take';
      await feed();
      expect(received.filter(({ record }) => record.id === id)).toHaveLength(1);
      expect(await ready()).toMatchObject({ checks: { audit_feed: 'up' } });
    });

    it('holds up nothing while it hangs', async () => {
      mode = 'hang';
      await change();
      const hanging = feed();
      for (let n = 0; n < 20; n++) expect(await change()).not.toBeNull();
      server.closeAllConnections();
      mode = 'take';
      await hanging;
      await feed();
      const { body } = await service.api('GET', '/api/audit?limit=1');
      expect(received.at(-1).record.id).toBe(body.items[0].id);
    });
  });

  describe('to syslog', () => {
    let server: Server;
    const messages: string[] = [];
    beforeAll(async () => {
      server = createServer({ allowHalfOpen: true }, (socket) => {
        let text = '';
        socket.on('error', () => undefined);
        socket.on('data', (part) => (text += String(part)));
        socket.on('end', () => {
          if (mode === 'refuse') {
            socket.resetAndDestroy();
            return;
          }
          messages.push(...unframe(text));
          socket.end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      service = await startTestService({ auditFeed: `syslog+tcp://127.0.0.1:${port}` });
    });
    afterAll(async () => {
      await service.close();
      server.close();
    });

    it('has messages of RFC 5424 that hold the canonical record', async () => {
      await service.login('nobody', 'wrong päss phrase');
      await feed();
      const failed = messages.find((message) => message.includes('"result":"failure"'))!;
      expect(failed).toMatch(
        /^<108>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S+ sluice - auth\.login \[sluice@32473 id="[-0-9a-f]{36}" chain="[-0-9a-f]{36}" seq="\d+" link="[0-9a-f]{64}"\] \uFEFF\{"action":"auth\.login".*\}$/,
      );
      expect(messages.some((message) => message.startsWith('<110>1 '))).toBe(true);
    });

    it('sends again what was cut off', async () => {
      mode = 'refuse';
      const id = await change();
      await feed();
      expect(messages.filter((message) => message.includes(id!))).toEqual([]);
      mode = 'take';
      await feed();
      expect(messages.filter((message) => message.includes(`id="${id}"`))).toHaveLength(1);
    });
  });
});
