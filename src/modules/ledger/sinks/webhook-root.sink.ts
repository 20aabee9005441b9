import type { RootLine } from '../root-line';
import { postJson } from './post-json';
import type { RootSink } from './root-sink';
import type { SinkPositions } from './sink-positions';

/** Sends roots to a URL, one a request, in order; the next one only when the last was taken with a 2xx. */
export class WebhookRootSink implements RootSink {
  readonly name = 'webhook';

  constructor(
    private readonly url: string,
    private readonly positions: SinkPositions,
  ) {}

  position(): Promise<number> {
    return this.positions.get(this.name);
  }

  async append(roots: readonly RootLine[]): Promise<void> {
    for (const line of roots) {
      await postJson(this.url, JSON.stringify(line), 'application/json');
      await this.positions.set(this.name, line.root.number);
    }
  }
}
