import { postgresSampleSql } from './postgres-sample-sql';

it('refuses a schema that is not a plain name', () => {
  for (const name of ['', 'Shop', 'a b', 'x"; drop schema public; --', '1st']) {
    expect(() => [...postgresSampleSql(name)]).toThrow('plain lower-case name');
  }
});
