import { Worker } from 'node:worker_threads';
import { refuse } from '../refused';
import { parserWorkerSource } from './parser-worker';

/** Longest time one statement may take; the slowest that the checks before let through takes a tenth of it. */
const timeoutMs = 5_000;
/** Statements waiting for the worker; more than this means that it cannot keep up. */
const maxWaiting = 1_000;

export type ParseOutcome =
  | { readonly kind: 'tree'; readonly json: string }
  /** The message of the grammar. */
  | { readonly kind: 'syntax'; readonly message: string }
  /** The parser broke, and was replaced. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'timeout' };

interface Job {
  readonly id: number;
  readonly text: string;
  readonly settle: (outcome: ParseOutcome) => void;
}

interface Answer {
  readonly id: number;
  readonly tree?: string;
  readonly error?: string;
}

/** Everything else that the parser throws comes from a trap in WebAssembly, after which it answers nothing right. */
const grammarMessage = 'sql parser error: ';

/**
 * sqlparser-rs in a thread of its own: a statement that breaks or stalls it costs the worker, never the event loop. One
 * statement at a time, so that the time limit is that of the statement.
 */
class ParserThread {
  private worker: Worker | null = null;
  private running: (Job & { readonly timer: NodeJS.Timeout }) | null = null;
  private readonly waiting: Job[] = [];
  private lastId = 0;

  parse(text: string): Promise<ParseOutcome> {
    if (this.waiting.length >= maxWaiting)
      refuse('service.unavailable', 'Too many statements wait for their analysis');
    return new Promise((settle) => {
      this.waiting.push({ id: (this.lastId += 1), text, settle });
      this.next();
    });
  }

  async close(): Promise<void> {
    for (const job of this.waiting.splice(0)) job.settle({ kind: 'broken' });
    await this.replace({ kind: 'broken' });
  }

  private next(): void {
    if (this.running !== null) return;
    const job = this.waiting.shift();
    if (job === undefined) {
      this.worker?.unref();
      return;
    }
    this.worker ??= this.start();
    this.worker.ref();
    const timer = setTimeout(() => void this.replace({ kind: 'timeout' }), timeoutMs);
    this.running = { ...job, timer };
    this.worker.postMessage({ id: job.id, text: job.text });
  }

  private start(): Worker {
    const worker = new Worker(parserWorkerSource, {
      eval: true,
      workerData: { parser: require.resolve('@guanmingchiu/sqlparser-ts') },
      execArgv: [],
      env: {},
      // A panic of the parser writes to the console.
      stderr: true,
      stdout: true,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    const lost = (): void => {
      if (this.worker === worker) void this.replace({ kind: 'broken' });
    };
    worker.on('message', (answer: Answer) => this.receive(worker, answer));
    worker.on('error', lost);
    worker.on('exit', lost);
    return worker;
  }

  private receive(worker: Worker, { id, tree, error = '' }: Answer): void {
    if (this.worker !== worker || this.running?.id !== id) return;
    if (tree !== undefined) this.settle({ kind: 'tree', json: tree });
    else if (error.startsWith(grammarMessage))
      this.settle({ kind: 'syntax', message: error.slice(grammarMessage.length) });
    else void this.replace({ kind: 'broken' });
  }

  /** Drops the worker and answers the statement it was working on; the next one gets a new worker. */
  private async replace(outcome: ParseOutcome): Promise<void> {
    const { worker } = this;
    this.worker = null;
    this.settle(outcome);
    await worker?.terminate();
  }

  private settle(outcome: ParseOutcome): void {
    const job = this.running;
    this.running = null;
    if (job !== null) {
      clearTimeout(job.timer);
      job.settle(outcome);
    }
    this.next();
  }
}

const thread = new ParserThread();

/** The tree of sqlparser-rs as JSON, or why there is none. */
export function parseInWorker(code: string): Promise<ParseOutcome> {
  return thread.parse(code);
}

/** Ends the worker; the next statement starts it again. */
export function closeParser(): Promise<void> {
  return thread.close();
}
