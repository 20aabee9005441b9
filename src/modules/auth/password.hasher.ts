import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { hash, verify, type Options } from '@node-rs/argon2';

/** OWASP password storage cheat sheet, argon2id: 19 MiB, two passes, one lane; about 25 ms. */
const ARGON2ID = 2;
const options: Options = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Hashes and checks passwords. Who calls it holds a place in `HashingQueue`: it takes memory and a thread. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private decoy = '';

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash(randomBytes(32).toString('base64'));
  }

  hash(password: string): Promise<string> {
    return hash(normalised(password), options);
  }

  /** Takes as long for `null`, the hash of a user that does not exist, as for a wrong password. */
  async verify(storedHash: string | null, password: string): Promise<boolean> {
    const matches = await verify(storedHash ?? this.decoy, normalised(password));
    return matches && storedHash !== null;
  }
}

/** The same characters can be typed as different code points (NIST SP 800-63B, 5.1.1.2). */
function normalised(password: string): string {
  return password.normalize('NFKC');
}
