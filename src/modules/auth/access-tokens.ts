import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { createSecretKey } from 'node:crypto';
import { Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { AppError } from '../../common/app-error';
import type { Role } from '../../common/principal';
import { CONFIG, type Config } from '../../config/config';

/** What an access token says; the role is for clients to read, rights follow from the row of the user. */
export interface AccessClaims {
  readonly sub: string;
  readonly sid: string;
  readonly role: Role;
  /** Seconds since 1970. */
  readonly exp: number;
}

const ISSUER = 'sluice';
export const tokenRules = { algorithm: 'HS256', issuer: ISSUER, audience: ISSUER } as const;

interface Verdict {
  success(claims: AccessClaims): void;
  fail(reason: unknown): void;
  error(error: unknown): void;
}

/** Signs and checks access tokens (JWT, HS256). */
@Injectable()
export class AccessTokens {
  readonly lifeSeconds: number;
  private readonly strategy: Strategy;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly jwt: JwtService,
  ) {
    this.lifeSeconds = config.accessTokenSeconds;
    this.strategy = new Strategy(
      {
        jwtFromRequest: (request) => (request as unknown as { token: string }).token,
        // A key object: with a string, jsonwebtoken builds one for every token, 78 times the work on Node 20.
        secretOrKey: createSecretKey(config.jwtSecret) as unknown as string,
        algorithms: [tokenRules.algorithm],
        issuer: tokenRules.issuer,
        audience: tokenRules.audience,
      } satisfies StrategyOptionsWithoutRequest,
      (claims: unknown, done) => done(null, isAccessClaims(claims) ? claims : false),
    );
  }

  sign({ sub, sid, role }: Pick<AccessClaims, 'sub' | 'sid' | 'role'>): string {
    return this.jwt.sign({ sub, sid, role }, { expiresIn: this.lifeSeconds });
  }

  /**
   * Runs the strategy without Passport's middleware, which does nothing more here than to call it.
   * @throws AppError `auth.expired_token`, `auth.invalid_token`
   */
  verify(token: string): Promise<AccessClaims> {
    return new Promise((resolve, reject) => {
      const verdict: Verdict = {
        success: resolve,
        fail: (reason) => reject(refusalOf(reason)),
        error: reject,
      };
      const run = Object.assign(Object.create(this.strategy) as Strategy, verdict);
      run.authenticate({ token } as never);
    });
  }
}

function refusalOf(reason: unknown): AppError {
  const expired = reason instanceof Error && reason.name === 'TokenExpiredError';
  return new AppError(expired ? 'auth.expired_token' : 'auth.invalid_token');
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function isAccessClaims(claims: unknown): claims is AccessClaims {
  const { sub, sid, exp } = claims as Partial<Record<keyof AccessClaims, unknown>>;
  return (
    typeof sub === 'string' &&
    UUID.test(sub) &&
    typeof sid === 'string' &&
    UUID.test(sid) &&
    typeof exp === 'number'
  );
}
