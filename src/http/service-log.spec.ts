import { createServiceLog } from './service-log';

function linesOf(work: (log: ReturnType<typeof createServiceLog>) => void, readable = false): string {
  let text = '';
  work(createServiceLog('info', { stream: { write: (line) => void (text += line) }, readable }));
  return text;
}

describe('the log of the service', () => {
  it('hides secrets by the names of their members, at the top and two levels below', () => {
    const secret = 'canary';
    const names = [
      'authorization',
      'x-api-key',
      'cookie',
      'password',
      'refreshToken',
      'connectionString',
      'token',
    ];
    const text = linesOf(({ log }) => {
      for (const name of names) {
        log.info({ [name]: secret, a: { [name]: secret }, b: { c: { [name]: secret } } }, 'kept');
      }
    });
    expect(text).not.toContain(secret);
    expect(text.match(/kept/g)).toHaveLength(names.length);
    expect(text.match(/\[redacted\]/g)).toHaveLength(3 * names.length);
  });

  it('shows of an error what it is and where, not what hangs on it', () => {
    const driverError = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(canary@example.com) already exists.',
      parameters: ['canary'],
    });
    const error = new Error('could not save', { cause: driverError });
    const text = linesOf(({ log }) => log.error({ err: error }, 'failed'));
    expect(text).not.toContain('canary');
    expect(JSON.parse(text).err).toMatchObject({
      type: 'Error',
      message: 'could not save',
      stack: expect.stringContaining('service-log.spec'),
      cause: { message: 'duplicate key', code: '23505' },
    });
  });

  it('survives causes in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.parse(linesOf(({ log }) => log.error({ err: error }))).err.message).toBe('round');
  });

  it('is readable on a terminal', () => {
    const text = linesOf(({ log }) => log.warn({ port: 1, password: 'canary' }, 'hello'), true);
    expect(text).toMatch(/^\d\d:\d\d:\d\d WARN hello port=1 password=\[redacted\]\n$/);
  });
});
