import { quoteIdentifier } from '../../../common/quote/sqlite';
import type { OpenMessage, QueryMessage, Replies, Request } from '../protocol';
import type { Reads } from './authorizer';
import { CheckedTransaction } from './checked-transaction';
import { openDatabase, type OpenDatabase } from './database';
import { describeFailure, FailureError } from './failure';
import { fold, type Catalog } from './describe';
import { introspect } from './introspect';
import { RunningStatement } from './statement';

/** What the process keeps between messages: one database, opened once for reading and, when first needed, for writing. */
export class Session {
  #settings: OpenMessage | null = null;
  #reader: OpenDatabase | null = null;
  #writer: OpenDatabase | null = null;
  #running: { statement: RunningStatement; transaction: CheckedTransaction } | null = null;
  #connectedModules = false;

  readonly #answers: { [Op in Request['op']]: (request: Extract<Request, { op: Op }>) => Replies[Op] } = {
    open: (request) => this.#open(request),
    query: (request) => this.#query(request),
    read: ({ limit }) => this.#read(limit),
    end: () => {
      this.#end();
      return {};
    },
    describe: ({ names }) => ({
      entries: this.#snapshot((reader) => names.map((name) => reader.catalog.entry(name))),
    }),
    introspect: () => ({ tables: this.#internally((reader) => introspect(reader.db)) }),
  };

  answer(request: Request): Replies[Request['op']] {
    const answer = this.#answers[request.op] as (request: Request) => Replies[Request['op']];
    return answer(request);
  }

  #open(settings: OpenMessage): Replies['open'] {
    this.#settings = settings;
    if (settings.recover) this.#writing().db.prepare('select count(*) from sqlite_schema').get();
    return this.#internally(({ db }) => {
      // the header is read at the first access only: SQLITE_NOTADB would otherwise come with the first statement
      db.prepare('select count(*) from sqlite_schema').get();
      return { version: String(db.prepare('select sqlite_version() as version').get()?.['version']) };
    });
  }

  #query(message: QueryMessage): Replies['query'] {
    this.#end();
    const database = message.access === 'write' ? this.#writing() : this.#reading();
    database.hash.key = message.hashKey;
    database.authorizer.reads = null;
    const transaction = new CheckedTransaction(database, message);
    return transaction.guard(() => {
      database.authorizer.begin('internal');
      database.authorizer.reads = message.reads && readsOf(database.catalog, message.reads);
      const running = this.#start(database, message);
      this.#running = { statement: running, transaction };
      const batch = running.read(message.limit);
      if (batch.done) this.#end();
      return { ...batch, columns: running.columns };
    });
  }

  /** Some virtual tables prepare writes when they are first touched (R*Tree), even for a reader: done once, unwatched. */
  #start(database: OpenDatabase, message: QueryMessage): RunningStatement {
    try {
      return new RunningStatement(database, message);
    } catch (error) {
      const denied = error instanceof FailureError && error.failure.denied === 'write';
      if (!denied || this.#connectedModules) throw error;
      this.#connectedModules = true;
      this.#internally(({ db }) => {
        const tables = db
          .prepare("select name from pragma_table_list where type = 'virtual' and schema = 'main'")
          .all();
        for (const { name } of tables) {
          try {
            db.prepare(`select 1 from ${quoteIdentifier(String(name))} limit 0`).get();
          } catch {
            // its module is not compiled in: whoever asks for the table is told
          }
        }
      });
      return new RunningStatement(database, message);
    }
  }

  #read(limit: number): Replies['read'] {
    if (!this.#running) return { rows: [], raw: false, done: true, affectedRows: null };
    const { statement, transaction } = this.#running;
    return transaction.guard(() => {
      const batch = statement.read(limit);
      if (batch.done) this.#end();
      return batch;
    });
  }

  #end(): void {
    const running = this.#running;
    this.#running = null;
    running?.statement.end();
    running?.transaction.end();
  }

  /** Several looks at one state of the file. */
  #snapshot<T>(work: (reader: OpenDatabase) => T): T {
    return this.#internally((reader) => {
      reader.db.exec('begin');
      try {
        return work(reader);
      } finally {
        reader.db.exec('rollback');
      }
    });
  }

  #internally<T>(work: (reader: OpenDatabase) => T): T {
    const reader = this.#reading();
    reader.authorizer.begin('internal');
    return work(reader);
  }

  #reading(): OpenDatabase {
    this.#reader ??= openDatabase(this.#required(), true);
    return this.#reader;
  }

  #writing(): OpenDatabase {
    if (this.#required().readOnly) throw new Error('the session is read-only');
    this.#writer ??= openDatabase(this.#required(), false);
    return this.#writer;
  }

  #required(): OpenMessage {
    if (!this.#settings) throw new Error('nothing is open');
    return this.#settings;
  }
}

/** Virtual tables read tables of their own; tables made of a value read nothing. */
function readsOf(catalog: Catalog, listed: NonNullable<QueryMessage['reads']>): Reads {
  const reads = new Map<string, ReadonlySet<string> | null>(valueTables.map((name) => [name, null]));
  for (const { name } of listed) {
    for (const companion of catalog.entry(name)?.companions ?? []) reads.set(fold(companion), null);
  }
  for (const { name, columns } of listed) reads.set(fold(name), columns && new Set(columns.map(fold)));
  return reads;
}

const valueTables = ['json_each', 'json_tree', 'jsonb_each', 'jsonb_tree', 'generate_series'];

export function failureOf(error: unknown, op: Request['op']): FailureError['failure'] {
  if (error instanceof FailureError) return error.failure;
  return describeFailure(error, op === 'open' ? 'open' : 'step', null);
}
