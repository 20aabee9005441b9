import { describeEngine } from '../servers/servers';
import { runGenerator } from './generator/run-generator';
import { mariadbBench } from './mariadb.bench';

describeEngine('mariadb', () => {
  runGenerator({ engine: 'mariadb', startBench: mariadbBench, statements: 1_000, seed: 20_261_121 });
});
