import { Injectable } from '@nestjs/common';
import { CacheService } from '../../cache/cache.service';
import type { ObjectTable } from '../../cache/object-table';
import type { Principal } from '../../common/principal';
import { SignalBus } from '../../database/signal-bus';
import { authSignals } from './auth-signals';

export interface KnownPrincipal {
  readonly principal: Principal;
  /** End of the access token in milliseconds since 1970; infinite for API keys. */
  readonly tokenEndsAt: number;
}

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 10_000;

/**
 * Who the credentials seen in the last seconds stand for. Signals drop what changed; while they may be missed, nothing
 * is read from here. Routes that use it check again in their group commit, so this saves work and decides nothing.
 */
@Injectable()
export class PrincipalCache {
  private readonly entries: ObjectTable<KnownPrincipal>;
  private generation = 0;

  constructor(
    private readonly bus: SignalBus,
    cache: CacheService,
  ) {
    this.entries = cache.objects('session', { max: MAX_ENTRIES, maxAgeMs: MAX_AGE_MS });
    bus.on(authSignals.session, (id) => this.drop(({ sessionId }) => sessionId === id));
    bus.on(authSignals.apiKey, (id) => this.drop(({ apiKeyId }) => apiKeyId === id));
    bus.on(authSignals.user, (id) => this.drop(({ userId }) => userId === id));
    bus.onGap(() => this.drop(() => true));
  }

  async get(credential: string, read: () => Promise<KnownPrincipal>): Promise<Principal> {
    if (!this.bus.isLive) return (await read()).principal;
    const known = this.entries.get(credential);
    if (known && Date.now() < known.tokenEndsAt) return known.principal;
    const { generation } = this;
    const found = await read();
    // A signal while it was being read may have been about it.
    if (generation === this.generation && this.bus.isLive) this.entries.set(credential, found);
    return found.principal;
  }

  private drop(applies: (principal: Principal) => boolean): void {
    this.generation += 1;
    for (const [credential, { principal }] of this.entries.entries()) {
      if (applies(principal)) this.entries.delete(credential);
    }
  }
}
