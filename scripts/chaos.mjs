// npm run chaos: builds what is missing, then kills the service and its database at random moments and looks what is left.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureBuilt, ensureInstalled, requireNode, root } from './bootstrap.mjs';

requireNode();
ensureInstalled();
ensureBuilt();

const tsx = path.join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
const args = [tsx, path.join(root, 'test', 'chaos', 'main.ts'), ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
