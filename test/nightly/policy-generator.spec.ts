import { runGenerator } from '../policy/generator/run-generator';
import { mariadbBench } from '../policy/mariadb.bench';
import { postgresqlBench } from '../policy/postgresql.bench';
import { sqliteBench } from '../policy/sqlite.bench';

/** Another one each night; a failure prints it, and GENERATOR_SEED asks for it again, GENERATOR_STATEMENTS for fewer. */
const seed = Number(process.env['GENERATOR_SEED'] ?? Date.now() % 2 ** 31);
const statements = Number(process.env['GENERATOR_STATEMENTS'] ?? 20_000);

describe.each([
  ['postgresql', postgresqlBench],
  ['mariadb', mariadbBench],
  ['sqlite', sqliteBench],
] as const)('%s', (engine, startBench) => {
  runGenerator({ engine, startBench, statements, seed });
});
