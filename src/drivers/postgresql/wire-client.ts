import type { Duplex } from 'node:stream';
import { Connection, type ClientConfig } from 'pg';
import { SteadyClient } from '../../common/steady-client';
import { maxRowBytes } from '../row-guard';
import { MessageFramer, type RowTaker } from './message-framer';

/** What pg's types do not tell of its connection. */
interface Listening {
  attachListeners(stream: { on(event: string, listener: (bytes: Buffer) => void): unknown }): void;
}

/** pg's connection, except that whoever runs a statement may take its rows as the server has sent them. */
export class WireConnection extends Connection {
  /** Set while a statement runs that takes its rows; the library parses those of all others. */
  rowTaker: (RowTaker & { refuseMessage(): void }) | null = null;

  attachListeners(stream: Duplex): void {
    let library: (bytes: Buffer) => void = () => undefined;
    const pg = Connection.prototype as unknown as Listening;
    // The library's own listener for data comes behind the framer, all others as they are.
    pg.attachListeners.call(this, {
      on(event: string, listener: (bytes: Buffer) => void) {
        if (event === 'data') library = listener;
        else stream.on(event, listener);
        return stream;
      },
    });
    const framer = new MessageFramer(
      (bytes) => library(bytes),
      () => this.rowTaker,
      maxRowBytes,
      () => {
        stream.off('data', take);
        this.rowTaker?.refuseMessage();
        stream.destroy();
      },
    );
    const take = (bytes: Buffer): void => framer.take(bytes);
    stream.on('data', take);
  }
}

/** pg's client on such a connection. */
export class WireClient extends SteadyClient {
  constructor(config: ClientConfig) {
    // pg's pool has made the password one that is not copied.
    const { password } = config;
    super({ ...config, password, connection: new WireConnection(config) } as ClientConfig);
  }
}
