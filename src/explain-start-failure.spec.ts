import { createServer, type AddressInfo } from 'node:net';
import { ConfigError } from './config/config-error';
import { explainStartFailure } from './explain-start-failure';

describe('explainStartFailure', () => {
  it('says which address is taken and what to do', async () => {
    const first = createServer();
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
    const { port } = first.address() as AddressInfo;
    const second = createServer();
    const error = await new Promise((resolve) => {
      second.once('error', resolve);
      second.listen(port, '127.0.0.1');
    });
    first.close();
    expect(explainStartFailure(error)).toBe(
      `127.0.0.1:${port} is taken: stop what listens there, or set PORT (EADDRINUSE).`,
    );
  });

  it('names the variable behind a system database that cannot be used', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
    const denied = Object.assign(new Error('password authentication failed for user "u"'), { code: '28P01' });
    for (const error of [refused, denied]) {
      expect(explainStartFailure(error)).toBe(
        `The system database of DATABASE_URL cannot be used: ${error.message} (${error.code}).`,
      );
    }
  });

  it('lists the problems of a configuration, and shows the stack of a bug', () => {
    expect(explainStartFailure(new ConfigError(['PORT is wrong']))).toMatch(
      /not usable:\n {2}- PORT is wrong$/,
    );
    expect(explainStartFailure(new TypeError('a bug'))).toMatch(/^TypeError: a bug\n +at /);
    expect(explainStartFailure('nothing known')).toBe('nothing known');
  });
});
