import { describeEngine } from '../servers/servers';
import { postgresqlBench } from './postgresql.bench';
import { runSuite } from './run-suite';

describeEngine('postgresql', () => {
  runSuite('postgresql', postgresqlBench);
});
