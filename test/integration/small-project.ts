import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A compiler that copies, and counts how often. */
export const compiler = `const fs = require('node:fs');
fs.rmSync('dist', { recursive: true, force: true });
fs.mkdirSync('dist');
fs.copyFileSync('src/main.ts', 'dist/main.js');
fs.appendFileSync('builds', '.');`;

/** The real scripts in a project as small as possible, so that installing and building take no time. */
export class SmallProject {
  readonly root = mkdtempSync(path.join(tmpdir(), 'sluice-project-'));

  constructor() {
    cpSync(path.join(__dirname, '..', '..', 'scripts'), path.join(this.root, 'scripts'), { recursive: true });
    this.write('compiler/package.json', '{"name":"@nestjs/cli","version":"1.0.0"}');
    this.write('compiler/bin/nest.js', compiler);
    this.write('runner/package.json', '{"name":"jest","version":"1.0.0"}');
    this.write('runner/bin/jest.js', '');
    const dependencies = { '@nestjs/cli': 'file:compiler', jest: 'file:runner' };
    const npmScripts = { start: 'node scripts/start.mjs' };
    this.write(
      'package.json',
      JSON.stringify({ name: 'small', version: '1.0.0', scripts: npmScripts, dependencies }),
    );
    this.write('src/main.ts', 'process.exit(3);');
    const made = spawnSync('npm', ['install', '--package-lock-only', '--offline', '--no-audit'], {
      cwd: this.root,
    });
    if (made.status !== 0) throw new Error(made.stderr.toString());
  }

  write(name: string, text: string): void {
    mkdirSync(path.dirname(path.join(this.root, name)), { recursive: true });
    writeFileSync(path.join(this.root, name), text);
  }

  read(name: string): string {
    return readFileSync(path.join(this.root, name), 'utf8');
  }

  run(script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    return spawnSync(process.execPath, [script, ...args], {
      cwd: this.root,
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
