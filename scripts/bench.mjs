// npm run bench: builds what is missing, then measures the service beside a bare server, in one run.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

requireNode();
ensureInstalled();
ensureBuilt();

const tsx = path.join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const { status } = spawnSync(
  process.execPath,
  [tsx, path.join(root, 'bench', 'main.ts'), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
