import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ownDirectory } from './own-directory';
import { identifyProcess } from './process-identity';

let root: string;
let dir: string;
let mark: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'sluice-own-'));
  dir = path.join(root, 'data');
  mark = `${dir}.owner`;
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('ownDirectory', () => {
  it('gives a directory to one owner at a time and leaves nothing when released', () => {
    const owned = ownDirectory(dir);
    expect(() => ownDirectory(dir)).toThrow(`running process ${process.pid}`);
    owned.release();
    expect(readdirSync(root)).toEqual([]);
    ownDirectory(dir).release();
  });

  it('takes over from a process that has ended', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(mark, JSON.stringify({ pid, started: '1' }));
    ownDirectory(dir);
    expect(JSON.parse(readFileSync(mark, 'utf8'))).toEqual(identifyProcess(process.pid));
    expect(readdirSync(root)).toEqual(['data.owner']);
  });

  it('is not fooled by another process that runs under the same id', () => {
    writeFileSync(mark, JSON.stringify({ pid: process.pid, started: 'long ago' }));
    ownDirectory(dir);
    expect(() => ownDirectory(dir)).toThrow('in use');
  });

  it.each(['', '{', 'null', '{"pid":"1"}', '[]'])('takes over a mark that says nothing: %j', (text) => {
    writeFileSync(mark, text);
    ownDirectory(dir).release();
    expect(existsSync(mark)).toBe(false);
  });

  it('does not remove the mark of somebody else on release', () => {
    const owned = ownDirectory(dir);
    writeFileSync(mark, '{"pid":1,"started":"other"}');
    owned.release();
    expect(readFileSync(mark, 'utf8')).toBe('{"pid":1,"started":"other"}');
  });
});
