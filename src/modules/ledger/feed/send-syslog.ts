import { connect as connectTcp, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { TlsRecords } from './tls-records';

const DEADLINE_MS = 10_000;

/**
 * Sends messages over a connection of their own and waits until the other side has closed it: syslog answers nothing,
 * and a connection that was closed in order is the one sign there is that everything has arrived. Over TLS that is a
 * `close_notify`, which a receiver must answer with (RFC 5425, 4.4): an end of TCP alone could be made by anybody in between.
 * @throws Error when it was not, within ten seconds
 */
export function sendSyslog(url: URL, messages: readonly string[]): Promise<void> {
  const [host, port] = [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 6514)];
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'syslog+tls:';
    // Under TLS it is TLS that ends it.
    const tcp = connectTcp({ host, port, allowHalfOpen: isTls });
    const records = new TlsRecords();
    const socket: Socket = isTls
      ? connectTls({ socket: observed(tcp, (chunk) => records.add(chunk)), servername: host })
      : tcp;
    const deadline = setTimeout(
      () => socket.destroy(new Error('the syslog server does not take messages')),
      DEADLINE_MS,
    );
    socket.once(isTls ? 'secureConnect' : 'connect', () => socket.end(messages.join('')));
    socket.once('error', reject);
    socket.once('close', (hadError) => {
      clearTimeout(deadline);
      tcp.destroy();
      if (hadError) return;
      if (isTls && !records.endedInOrder) reject(new Error('the syslog connection was cut'));
      else resolve();
    });
    // What it says is of no interest; unread it would never see the end.
    socket.resume();
  });
}

/** The socket, with somebody who sees what comes in. */
function observed(tcp: Socket, see: (chunk: Buffer) => void): Duplex {
  const duplex = new Duplex({
    read: () => void tcp.resume(),
    write: (chunk: Buffer, _encoding, done) => void tcp.write(chunk, done),
    final: (done) => void tcp.end(done),
    destroy: (error, done) => {
      tcp.destroy();
      done(error);
    },
  });
  tcp.on('data', (chunk) => {
    see(chunk);
    if (!duplex.push(chunk)) tcp.pause();
  });
  tcp.on('end', () => duplex.push(null));
  tcp.on('error', (error) => duplex.destroy(error));
  return duplex;
}
