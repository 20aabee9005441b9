// npm start: installs and builds what is missing, then becomes the service.
import Module from 'node:module';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

requireNode();
ensureInstalled();
ensureBuilt();

// In this process, as `node dist/main.js` would: a signal reaches the service itself, once, its exit code is ours, and
// nothing is left running when somebody kills the process that they started.
// npm's shell dies of a signal to npm without passing it on: whoever is left without it stops as if it had been told.
const parent = process.ppid;
if (process.env['npm_lifecycle_event'] === 'start') {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500);
  watch.unref();
}
process.chdir(root);
process.argv[1] = path.join(root, 'dist', 'main.js');
Module.runMain();
