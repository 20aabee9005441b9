import { Client, type ClientConfig } from 'pg';

/**
 * pg's client, except that an error of its connection that nobody listens for does not end the process. pg's pool takes its
 * own listener off before whoever asked has one on, and a server that ends a session as it begins (57P01) sends that together
 * with the end of the log-in. Whoever uses the client hears of it from what was asked.
 */
export class SteadyClient extends Client {
  constructor(config?: ClientConfig | string) {
    super(config);
    this.on('error', () => undefined);
  }
}
