// npm start: installs and builds what is missing, then becomes the service.
import Module from 'node:module';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

requireNode();
ensureInstalled();
ensureBuilt();

// In this process, as `node dist/main.js` would: a signal reaches the service itself, once, its exit code is ours, and
// nothing is left running when somebody kills the process that they started.
process.chdir(root);
process.argv[1] = path.join(root, 'dist', 'main.js');
Module.runMain();
