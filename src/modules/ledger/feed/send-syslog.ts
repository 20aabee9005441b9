import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const DEADLINE_MS = 10_000;

/**
 * Sends messages over a connection of their own and waits until the other side has closed it: syslog answers nothing,
 * and a connection that was closed in order is the one sign there is that everything has arrived.
 * @throws Error when it was not, within ten seconds
 */
export function sendSyslog(url: URL, messages: readonly string[]): Promise<void> {
  const [host, port] = [url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 6514)];
  return new Promise((resolve, reject) => {
    const socket: Socket =
      url.protocol === 'syslog+tls:'
        ? connectTls({ host, port, servername: host })
        : connectTcp({ host, port });
    const deadline = setTimeout(
      () => socket.destroy(new Error('the syslog server does not take messages')),
      DEADLINE_MS,
    );
    socket.once(url.protocol === 'syslog+tls:' ? 'secureConnect' : 'connect', () =>
      socket.end(messages.join('')),
    );
    socket.once('error', reject);
    socket.once('close', (hadError) => {
      clearTimeout(deadline);
      if (!hadError) resolve();
    });
    // What it says is of no interest; unread it would never see the end.
    socket.resume();
  });
}
