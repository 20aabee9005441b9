import { runGenerator } from './generator/run-generator';
import { sqliteBench } from './sqlite.bench';

describe('sqlite', () => {
  runGenerator({ engine: 'sqlite', startBench: sqliteBench, statements: 1_000, seed: 20_261_121 });
});
