import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { strangeCa, testCa, testCertificate, testKey } from '../contract/test-certificates';

const CHILD = join(__dirname, 'send-syslog.child.ts');
/** Names of the certificate are `db.test` alone; it is resolved by the resolver of the child to the loopback. */
const RESOLVER = `const dns = require('node:dns'); const { lookup } = dns;
dns.lookup = (host, options, done) => lookup(host === 'db.test' ? '127.0.0.1' : host, options, done);`;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe('syslog over TLS (RFC 5425)', () => {
  let dir: string;
  let server: Server;
  let port: number;
  let cutter: Server;
  let cutPort: number;
  let cutting = 'reset';
  const received: string[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-syslog-'));
    writeFileSync(join(dir, 'ca.pem'), testCa);
    writeFileSync(join(dir, 'strange.pem'), strangeCa);
    writeFileSync(join(dir, 'resolve.cjs'), RESOLVER);
    server = createTlsServer({ key: testKey, cert: testCertificate, allowHalfOpen: true }, (socket) => {
      let text = '';
      socket.on('error', () => undefined);
      socket.on('data', (part) => (text += String(part)));
      socket.on('end', () => {
        received.push(text);
        socket.end();
      });
    });
    port = await listening(server);
    cutter = createTcpServer((socket) => {
      const onward = connect(port, '127.0.0.1');
      for (const one of [socket, onward]) one.on('error', () => undefined);
      onward.pipe(socket, { end: false });
      let seen = 0;
      socket.on('data', (part: Buffer) => {
        // What ends the handshake comes with the message; neither gets through.
        if ((seen += 1) === 1) onward.write(part);
        else if (cutting === 'reset') socket.resetAndDestroy();
        else socket.end();
      });
      socket.on('close', () => onward.destroy());
    });
    cutPort = await listening(cutter);
  });
  afterAll(() => {
    server.close();
    cutter.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const send = async (address: string, ca: string): Promise<string> => {
    const child = spawn(
      process.execPath,
      ['--require', join(dir, 'resolve.cjs'), '--require', 'tsx/cjs', CHILD, address, '9 a message'],
      {
        env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: join(dir, ca) },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    child.stdout.on('data', (part) => (text += String(part)));
    await once(child, 'close');
    return text;
  };

  it('arrives at a server whose authority is trusted', async () => {
    expect(await send(`syslog+tls://db.test:${port}`, 'ca.pem')).toBe('sent');
    expect(received).toEqual(['9 a message']);
  });

  it('arrives at a server that speaks TLS 1.2 at most', async () => {
    const options = { key: testKey, cert: testCertificate, maxVersion: 'TLSv1.2' as const };
    const old = createTlsServer(options, (socket) => void socket.resume().on('error', () => undefined));
    const address = `syslog+tls://db.test:${await listening(old)}`;
    expect(await send(address, 'ca.pem')).toBe('sent');
    old.close();
  });

  it('sends nothing to a server of another authority, or of another name', async () => {
    received.length = 0;
    expect(await send(`syslog+tls://db.test:${port}`, 'strange.pem')).toMatch(/CERT|UNABLE_TO_VERIFY/);
    expect(await send(`syslog+tls://127.0.0.1:${port}`, 'ca.pem')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(received.join('')).toBe('');
  });

  it.each(['reset', 'ended'])(
    'does not take a connection that was %s on TCP alone for one that was closed',
    async (how) => {
      cutting = how;
      const said = await send(`syslog+tls://db.test:${cutPort}`, 'ca.pem');
      expect(said).toMatch(/^(?:ECONNRESET|EPIPE|the syslog connection was cut)$/);
    },
  );
});
