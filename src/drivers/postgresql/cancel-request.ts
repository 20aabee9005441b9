import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsOptions } from '../tls';

/** Whom to ask to stop what: the keys of BackendKeyData, at the address the session was opened to. */
export interface CancelTarget {
  readonly address: string;
  readonly port: number;
  readonly tls: TlsOptions | null;
  readonly processId: number;
  readonly secretKey: number;
}

const sslRequestCode = 80_877_103;
const cancelRequestCode = 80_877_102;

/**
 * Asks the server over a connection of its own to cancel what a session runs (manual, "Canceling Requests in
 * Progress"). It needs no account and no free session. Resolves when the server has closed the connection: by then
 * the signal has been sent, so that it cannot hit a statement which is sent afterwards.
 */
export async function cancelRequest(target: CancelTarget, withinMs: number): Promise<void> {
  const plain = connect({ host: target.address, port: target.port, noDelay: true });
  plain.on('error', () => undefined);
  const deadline = setTimeout(
    () => plain.destroy(new Error('the cancel request was not answered in time')),
    withinMs,
  );
  try {
    const socket = target.tls === null ? plain : await startTls(plain, target.tls);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      plain.once('error', reject);
      socket.once('close', () => resolve());
      socket.resume();
      socket.write(cancelMessage(target));
    });
  } finally {
    clearTimeout(deadline);
    plain.destroy();
  }
}

async function startTls(plain: Socket, options: TlsOptions): Promise<Socket> {
  await new Promise<void>((resolve, reject) => {
    plain.once('error', reject);
    plain.once('close', () => reject(new Error('the server closed the connection')));
    plain.once('data', (answer: Buffer) => {
      if (answer.toString('latin1') === 'S') resolve();
      else reject(new Error('the server refuses TLS for the cancel request'));
    });
    plain.write(message(sslRequestCode));
  });
  return connectTls({ ...options, socket: plain });
}

function cancelMessage(target: CancelTarget): Buffer {
  const buffer = Buffer.alloc(16);
  buffer.writeInt32BE(16, 0);
  buffer.writeInt32BE(cancelRequestCode, 4);
  buffer.writeInt32BE(target.processId, 8);
  buffer.writeInt32BE(target.secretKey, 12);
  return buffer;
}

function message(code: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeInt32BE(8, 0);
  buffer.writeInt32BE(code, 4);
  return buffer;
}
