// node scripts/run-built.mjs FILE …: installs and builds what is missing, then becomes dist/FILE.
import Module from 'node:module';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

const [, , file, ...args] = process.argv;
requireNode();
ensureInstalled();
ensureBuilt();
process.argv = [process.argv[0], path.join(root, 'dist', file), ...args];
Module.runMain();
