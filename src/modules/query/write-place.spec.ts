import type { ConnectionRecord } from '../connections/connection-record';
import { placeOf } from './write-place';

type Target = Pick<ConnectionRecord, 'dialect' | 'publicConfig'>;
const place = (dialect: Target['dialect'], publicConfig: Target['publicConfig'], id = 'a'): string =>
  placeOf({ id, dialect, publicConfig } as ConnectionRecord);
const server = { host: 'db.example.org', port: 5432, database: 'shop', username: 'reader' };

describe('placeOf', () => {
  it('is the same for connections that see each other, whatever else they name', () => {
    const one = place('postgresql', server);
    expect(place('postgresql', { ...server, username: 'writer', host: 'DB.example.org.' }, 'b')).toBe(one);
    expect(place('postgresql', { ...server, host: '127.0.0.1' })).toBe(
      place('postgresql', { ...server, host: 'localhost' }),
    );
    expect(place('mysql', { ...server, database: 'other' })).toBe(place('mysql', server));
    expect(place('sqlite', { database: '/data/x/../shop.db' })).toBe(
      place('sqlite', { database: '/data/shop.db' }),
    );
    const hosts = { connectionString: 'mongodb://a:1,b:2/shop' };
    expect(place('mongodb', { connectionString: 'mongodb://a:1,b:2/other' })).toBe(place('mongodb', hosts));
  });

  it('is another for what cannot be seen from there', () => {
    const all = [
      place('postgresql', server),
      place('postgresql', { ...server, port: 5433 }),
      place('postgresql', { ...server, database: 'other' }),
      place('postgresql', { ...server, host: 'other.example.org' }),
      place('sqlite', { database: '/data/shop.db' }),
      place('sqlite', { database: '/data/other.db' }),
      place('mongodb', { connectionString: 'mongodb://a:1/shop' }),
      place('mongodb', { connectionString: 'mongodb://b:1/shop' }),
      place(null, {}, 'a'),
      place(null, {}, 'b'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });
});
