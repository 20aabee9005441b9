import { describeEngine } from '../servers/servers';
import { mongodbBench } from './mongodb.bench';
import { runSuite } from './run-suite';

describeEngine('mongodb', () => {
  runSuite('mongodb', mongodbBench);
});
