import { Client } from 'pg';
import safe from '../../src/sql/postgresql/safe-functions.json';
import { describeEngine, testServer } from '../servers/servers';

describeEngine('postgresql', () => {
  let client: Client;

  beforeAll(async () => {
    client = new Client({ connectionString: testServer('postgresql').url });
    await client.connect();
  });

  afterAll(() => client.end());

  /** Names of pg_catalog functions among the safe ones that have a trait. */
  async function safeFunctionsThat(condition: string): Promise<string[]> {
    const { rows } = await client.query<{ name: string }>(
      `select distinct p.proname::text as name from pg_proc p join pg_language l on l.oid = p.prolang
       where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($1) and (${condition}) order by 1`,
      [safe.functions],
    );
    return rows.map(({ name }) => name);
  }

  it('has no safe function that runs as its owner or outside the server', async () => {
    expect(await safeFunctionsThat("p.prosecdef or l.lanname not in ('internal', 'sql')")).toEqual([]);
  });

  it('has no volatile function among the safe ones but clocks and chance', async () => {
    const clocksAndChance =
      'array_sample array_shuffle clock_timestamp gen_random_uuid random random_normal timeofday uuidv4 uuidv7';
    const volatile = await safeFunctionsThat("p.provolatile = 'v'");
    expect(clocksAndChance.split(' ')).toEqual(expect.arrayContaining(volatile));
  });

  it('has no safe function that takes or gives the name of an object', async () => {
    const types =
      "array(select unnest(p.proargtypes) union all select unnest(coalesce(p.proallargtypes, '{}')) union all select p.prorettype)";
    const naming =
      "'{regclass,regproc,regprocedure,regoper,regoperator,regrole,regnamespace,aclitem}'::regtype[]::oid[]";
    expect(await safeFunctionsThat(`${types} && ${naming}`)).toEqual([]);
  });

  it('finds the safe functions in the catalog, whatever its version', async () => {
    expect((await safeFunctionsThat('true')).length).toBeGreaterThan(1_000);
  });
});
