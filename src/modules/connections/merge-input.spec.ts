import type { ConnectionInput } from '../../drivers/driver';
import { mergeTarget, needsPassword } from './merge-input';

const saved: ConnectionInput = {
  host: 'db-1',
  database: 'shop',
  username: 'app',
  password: 'canary',
  replicas: [{ host: 'db-2' }],
};

describe('a change of a saved connection', () => {
  it.each<[string, ConnectionInput, boolean]>([
    ['of the host', { host: 'elsewhere' }, true],
    ['of the port', { port: 1 }, true],
    ['of TLS', { ssl: false }, true],
    ['of a replica', { replicas: [{ host: 'elsewhere' }] }, true],
    ["of a replica's port", { replicas: [{ host: 'db-2', port: 1 }] }, true],
    ['that adds a replica', { replicas: [{ host: 'db-2' }, { host: 'elsewhere' }] }, true],
    ['that leaves the replicas as they are', { replicas: [{ host: 'db-2' }] }, false],
    ['of the database', { database: 'other' }, false],
    ['that brings the password', { host: 'elsewhere', password: 'canary' }, false],
  ])('%s: needs the password %s', (_, patch, needs) => {
    expect(needsPassword(saved, mergeTarget(saved, patch), patch)).toBe(needs);
  });

  it('adds no replicas to a connection string, whose password they would be sent', () => {
    const byString: ConnectionInput = { connectionString: 'postgres://app:canary@db-1/shop' };
    expect(() => mergeTarget(byString, { replicas: [{ host: 'elsewhere' }] })).toThrow(
      expect.objectContaining({ code: 'connection.invalid_config' }),
    );
  });
});
