import { runSuite } from './run-suite';
import { sqliteBench } from './sqlite.bench';

describe('sqlite', () => {
  runSuite('sqlite', sqliteBench);
});
