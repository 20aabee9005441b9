import { describeEngine } from '../servers/servers';
import { mariadbBench } from './mariadb.bench';
import { runSuite } from './run-suite';

describeEngine('mariadb', () => {
  runSuite('mariadb', mariadbBench);
});
