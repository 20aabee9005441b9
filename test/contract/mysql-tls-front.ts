import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { testCertificate, testKey } from './test-certificates';

/** CLIENT_SSL of the capability flags (MySQL manual, "Capability Flags"). */
const sslFlag = 0x0800;

/** Cuts a stream into packets: three bytes of length, one of sequence, the payload. */
function packets(onPacket: (packet: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
      const end = 4 + rest.readUIntLE(0, 3);
      onPacket(Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  };
}

/**
 * TLS in front of a server that has none: it claims the capability in the greeting, takes the SSLRequest for itself and
 * keeps the sequence numbers of the log-in one apart (MySQL manual, "Connection Phase").
 */
export async function startMysqlTlsFront(target: { host: string; port: number }) {
  const secureContext = createSecureContext({ cert: testCertificate, key: testKey });
  const seen = { names: [] as unknown[], encrypted: 0 };
  const server = createServer((socket: Socket) => {
    const upstream = connect(target).on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    let out: Socket = socket;
    let shift = 0;
    let loggedIn = false;

    const fromServer = packets((packet) => {
      if (packet[3] === 0 && !loggedIn && out === socket && shift === 0 && packet[4] === 10) {
        const flags = packet.indexOf(0, 5) + 1 + 4 + 8 + 1;
        packet.writeUInt16LE(packet.readUInt16LE(flags) | sslFlag, flags);
      } else if (!loggedIn) {
        packet[3]! += shift;
        loggedIn = packet[4] === 0x00 || packet[4] === 0xff;
      }
      out.write(packet);
    });
    const fromClient = packets((packet) => {
      if (!loggedIn && shift === 1) {
        if (packet[3] === 2) packet.writeUInt32LE((packet.readUInt32LE(4) & ~sslFlag) >>> 0, 4);
        packet[3]! -= shift;
      }
      upstream.write(packet);
    });
    upstream.on('data', fromServer);

    socket.once('data', (first: Buffer) => {
      // an SSLRequest is 32 bytes long, a log-in in plain text is longer
      if (first.readUIntLE(0, 3) !== 32) {
        fromClient(first);
        socket.on('data', fromClient);
        return;
      }
      // the client's hello may have come along
      socket.pause();
      if (first.length > 36) socket.unshift(first.subarray(36));
      shift = 1;
      seen.encrypted += 1;
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      secure.on('secure', () => seen.names.push((secure as TLSSocket & { servername?: unknown }).servername));
      secure.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      out = secure;
      secure.on('data', fromClient);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, seen, close: () => server.close() };
}
