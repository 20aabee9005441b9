import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { AppError } from '../../common/app-error';
import { mapSqliteError } from './map-error';
import { memorySignal } from './memory-limit';
import type { Began, Failure, OpenMessage, Replies, Reply, Request } from './protocol';

/** From `dist` the compiled program runs; from the sources (tests) Node is taught TypeScript by a dev dependency. */
const extension = path.extname(__filename);
const program = path.join(__dirname, 'child', `main${extension}`);
const execArgv = (): string[] => (extension === '.ts' ? ['--require', require.resolve('tsx/cjs')] : []);

/** Our environment holds secrets: the child gets what an operating system needs to find temporary folders and libraries. */
const passedOn = ['SystemRoot', 'TEMP', 'TMP', 'TMPDIR'];

const ended = (): AppError =>
  new AppError('connection.lost', 'The process that ran the statement has ended.');
const tooMuchMemory = (): AppError =>
  new AppError('query.resources', 'The statement needs more memory than one statement may have.');

export class ChildFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** One child with one database; one request at a time. */
export class SqliteProcess {
  readonly bornAt = Date.now();
  idleSince = Date.now();
  /** Whether the last request found nobody to take it: it has not run. */
  undelivered = false;
  readonly exited: Promise<void>;
  #dead = false;
  /** Whether anything was heard since the last request. */
  #began = false;
  #settle: { resolve(reply: Reply): void; reject(error: Error): void } | null = null;

  private constructor(private readonly child: ChildProcess) {
    this.exited = new Promise((resolve) => {
      const gone = (reason: AppError): void => {
        this.#dead = true;
        this.undelivered ||= !this.#began;
        const waiting = this.#settle;
        this.#settle = null;
        waiting?.reject(reason);
        resolve();
      };
      child.once('exit', (_code, signal) => gone(signal === memorySignal ? tooMuchMemory() : ended()));
      child.once('error', () => gone(ended()));
    });
    child.on('message', (reply: Reply | Began) => {
      this.#began = true;
      if ('began' in reply) return;
      const waiting = this.#settle;
      this.#settle = null;
      waiting?.resolve(reply);
    });
  }

  static start(): SqliteProcess {
    const env = Object.fromEntries(
      passedOn.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
    );
    const child = fork(program, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: execArgv(),
      env,
      cwd: path.parse(__dirname).root,
    });
    return new SqliteProcess(child);
  }

  /** The version of the library. A process that cannot open its database is gone when this rejects. */
  async open(settings: Omit<OpenMessage, 'op'>): Promise<string> {
    try {
      return (await this.ask({ op: 'open', ...settings })).version;
    } catch (error) {
      await this.kill();
      throw error instanceof ChildFailure ? mapSqliteError(error.failure) : error;
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** Whether a request has no answer yet. */
  get busy(): boolean {
    return this.#settle !== null;
  }

  /** @throws ChildFailure what SQLite said; AppError `connection.lost` when the process ends before it answers. */
  async ask<R extends Request>(request: R): Promise<Replies[R['op']]> {
    if (this.#dead || !this.child.connected) {
      this.undelivered = true;
      throw new AppError('connection.lost');
    }
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#began = false;
      // a failing channel means that the process is gone; its exit rejects
      this.child.send(request, () => undefined);
    });
    if (!reply.ok) throw new ChildFailure(reply.failure);
    return reply.value as Replies[R['op']];
  }

  /** Ends the process, and with it whatever it was doing; resolves when the operating system says it is gone. */
  async kill(): Promise<void> {
    if (!this.#dead) this.child.kill('SIGKILL');
    await this.exited;
  }
}
