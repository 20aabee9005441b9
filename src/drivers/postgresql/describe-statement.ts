import type { Connection, Submittable } from 'pg';

interface WireConnection extends Pick<Connection, 'stream' | 'sync' | 'once' | 'off'> {
  parse(message: { text: string }): void;
  describe(message: { type: 'S' }): void;
}

/** Parse and Describe without execution: what types the server infers for the parameters. */
export class DescribeStatement implements Submittable {
  #types: readonly number[] = [];
  #settle!: { resolve: (types: readonly number[]) => void; reject: (error: unknown) => void };
  #forget: () => void = () => undefined;
  readonly types: Promise<readonly number[]>;

  constructor(private readonly text: string) {
    this.types = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.types.catch(() => undefined);
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as WireConnection;
    // pg's client hands every message on but this one
    const onTypes = (message: { dataTypeIDs: readonly number[] }): void => {
      this.#types = message.dataTypeIDs;
    };
    wire.once('parameterDescription', onTypes);
    this.#forget = () => wire.off('parameterDescription', onTypes);
    wire.stream.cork();
    wire.parse({ text: this.text });
    wire.describe({ type: 'S' });
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription(): void {
    // only the parameters are wanted
  }

  handleReadyForQuery(): void {
    this.#forget();
    this.#settle.resolve(this.#types);
  }

  handleError(error: unknown): void {
    this.#forget();
    this.#settle.reject(error);
  }
}
