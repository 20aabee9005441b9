import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../../config/config';
import { withClusterLock } from '../../database/cluster-lock';
import { ChainWriter } from '../audit/chain/chain.writer';
import { formatTimeUs, nextTimeUs } from '../audit/chain/record-clock';
import { saveSegments } from '../audit/chain/save-segments';
import { NO_ROOT, signRoot, type LastRoot } from './root';
import { RootStore } from './root.store';
import { SigningKey } from './signing-key';

/**
 * Puts what was recorded under a signed root: each replica makes its segments durable, one of them signs all that no
 * root covers.
 */
@Injectable()
export class RootMaker {
  readonly key: SigningKey;
  private readonly logger = new Logger(RootMaker.name);
  /** The newest root this process has seen; the database must never show less. */
  private seen: LastRoot = NO_ROOT;
  private lostRoot: number | null = null;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'auditSigningSeed'>,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly writer: ChainWriter,
    private readonly store: RootStore,
  ) {
    this.key = new SigningKey(config.auditSigningSeed);
  }

  get lastNumber(): number {
    return this.seen.number;
  }

  /** Number of a root that this process has seen and that was gone or another one later; `null` as it should be. */
  get lost(): number | null {
    return this.lostRoot;
  }

  /** @returns the number of the new root; `null` when there is nothing new, or another replica is at it */
  async make(): Promise<number | null> {
    const segments = this.writer.segments();
    await saveSegments(this.dataSource.manager, segments);
    this.writer.taken(segments);
    let made: number | null = null;
    await withClusterLock(this.dataSource, 'audit_root', async () => {
      made = await this.sign();
    });
    return made;
  }

  private sign(): Promise<number | null> {
    return this.dataSource.transaction(async (manager) => {
      const last = await this.store.last(manager);
      await this.compare(last);
      const segments = await this.store.uncovered(manager);
      if (segments.length === 0) return null;
      const root = signRoot(last, formatTimeUs(nextTimeUs()), segments, this.key);
      await this.store.save(manager, root, segments, this.key);
      this.seen = { number: root.body.number, hash: root.hash };
      return root.body.number;
    });
  }

  private async compare(last: LastRoot): Promise<void> {
    const { number, hash } = this.seen;
    const stored = number === last.number ? last : await this.hashOf(number);
    if (number > 0 && !stored?.hash.equals(hash)) {
      this.lostRoot = number;
      this.logger.error(
        { root: number },
        'a signed root is gone or changed: the record was changed outside of the service',
      );
    }
    this.seen = last;
  }

  private async hashOf(number: number): Promise<LastRoot | null> {
    const line = number > 0 ? await this.store.find(number) : null;
    return line && { number, hash: Buffer.from(line.hash, 'hex') };
  }
}
