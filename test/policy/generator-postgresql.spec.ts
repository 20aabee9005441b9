import { describeEngine } from '../servers/servers';
import { runGenerator } from './generator/run-generator';
import { postgresqlBench } from './postgresql.bench';

describeEngine('postgresql', () => {
  runGenerator({ engine: 'postgresql', startBench: postgresqlBench, statements: 1_000, seed: 20_261_121 });
});
