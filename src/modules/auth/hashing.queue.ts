import { Injectable } from '@nestjs/common';
import { AppError } from '../../common/app-error';

/** Two of the four threads of libuv's pool: files and name look-ups go on while passwords are hashed. */
const MAX_RUNNING = 2;
const MAX_WAITING = 256;
const MAX_WAITING_OF_ONE = 128;

/**
 * Bounds the memory and threads that password hashing takes, so that a flood of log-ins slows down log-ins and nothing
 * else. First come, first served; one address cannot fill the queue for the others.
 */
@Injectable()
export class HashingQueue {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly places = new Map<string, number>();

  /**
   * @param from who causes the work: an address or a user id
   * @throws AppError `auth.too_many_attempts` when the queue is full
   */
  async run<T>(from: string, work: () => Promise<T>): Promise<T> {
    const places = this.places.get(from) ?? 0;
    if (this.waiting.length >= MAX_WAITING || places >= MAX_WAITING_OF_ONE) {
      throw new AppError('auth.too_many_attempts', undefined, { retryAfterSeconds: 5 });
    }
    this.places.set(from, places + 1);
    try {
      // Whoever is done hands its place over, so `running` never counts one too few in between.
      if (this.running >= MAX_RUNNING) await new Promise<void>((resolve) => this.waiting.push(resolve));
      else this.running += 1;
      try {
        return await work();
      } finally {
        const next = this.waiting.shift();
        if (next) next();
        else this.running -= 1;
      }
    } finally {
      const left = (this.places.get(from) ?? 1) - 1;
      if (left > 0) this.places.set(from, left);
      else this.places.delete(from);
    }
  }
}
