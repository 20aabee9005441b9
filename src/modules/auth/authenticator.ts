import { Injectable } from '@nestjs/common';
import type { Principal } from '../../common/principal';
import { AccessTokens } from './access-tokens';
import { ActivityRecorder } from './activity.recorder';
import type { Credential } from './credential';
import { PrincipalCache, type KnownPrincipal } from './principal.cache';
import { PrincipalReader } from './principal.reader';

/** Turns a credential into the principal it stands for. */
@Injectable()
export class Authenticator {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly reader: PrincipalReader,
    private readonly cache: PrincipalCache,
    private readonly activity: ActivityRecorder,
  ) {}

  /**
   * @param session `cached`: the answer may be seconds old (see `Requires`)
   * @throws AppError `auth.*`
   */
  async authenticate(credential: Credential, session: 'checked' | 'cached'): Promise<Principal> {
    const read = (): Promise<KnownPrincipal> => this.read(credential);
    const principal =
      session === 'cached' ? await this.cache.get(credential.text, read) : (await read()).principal;
    this.activity.touch(principal);
    return principal;
  }

  private async read({ kind, text }: Credential): Promise<KnownPrincipal> {
    if (kind === 'apiKey') {
      return { principal: await this.reader.byApiKey(text), tokenEndsAt: Number.POSITIVE_INFINITY };
    }
    const { sid, sub, exp } = await this.tokens.verify(text);
    return { principal: await this.reader.bySession(sid, sub), tokenEndsAt: exp * 1000 };
  }
}
