import { mongo } from 'mongoose';
import { startScram, type ScramConversation, type StoredCredential } from './scram';
import type { Document } from './wire';

const { Binary } = mongo;
const OPEN_COMMANDS = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'buildInfo', 'buildinfo']);
const failure = (code: number, codeName: string, errmsg: string): Document => ({
  ok: 0,
  code,
  codeName,
  errmsg,
});
const AUTH_FAILED = failure(18, 'AuthenticationFailed', 'Authentication failed.');

/** The log-in state of one socket: the engine itself has no accounts, so the front in front of it keeps them. */
export class Login {
  #conversation: ScramConversation | null = null;
  #done = false;

  constructor(private readonly credential: StoredCredential) {}

  /** The answer to a command about logging in, or to one that needs it first; `null` lets it through. */
  answer(command: Document): Document | null {
    if ('saslStart' in command) return this.#start(command);
    if ('saslContinue' in command) return this.#continue(command);
    if ('logout' in command) {
      this.#done = false;
      return { ok: 1 };
    }
    const name = Object.keys(command)[0] ?? '';
    if (this.#done || OPEN_COMMANDS.has(name)) return null;
    return failure(13, 'Unauthorized', `Command ${name} requires authentication`);
  }

  /** What a handshake's reply must carry besides: the mechanisms, and the answer to a speculative log-in. */
  handshake(command: Document): Document {
    const speculative = command['speculativeAuthenticate'];
    const reply = speculative ? this.#start(speculative as Document) : null;
    return {
      ...(command['saslSupportedMechs'] ? { saslSupportedMechs: ['SCRAM-SHA-256'] } : {}),
      ...(reply && reply['ok'] === 1 ? { speculativeAuthenticate: reply } : {}),
    };
  }

  #start(command: Document): Document {
    if (command['mechanism'] !== 'SCRAM-SHA-256') return AUTH_FAILED;
    this.#conversation = startScram(this.credential, payloadOf(command));
    return this.#conversation ? step(this.#conversation.serverFirst, false) : AUTH_FAILED;
  }

  #continue(command: Document): Document {
    const payload = payloadOf(command);
    if (payload === '' && this.#done) return step('', true);
    const final = this.#conversation?.finish(payload) ?? null;
    this.#conversation = null;
    this.#done = final !== null;
    return final === null ? AUTH_FAILED : step(final, true);
  }
}

function payloadOf(command: Document): string {
  const payload = command['payload'];
  return payload instanceof Binary ? Buffer.from(payload.value()).toString('utf8') : '';
}

const step = (message: string, done: boolean): Document => ({
  conversationId: 1,
  done,
  payload: new Binary(Buffer.from(message, 'utf8')),
  ok: 1,
});
