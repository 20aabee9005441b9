import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../common/app-error';
import type { ResultReader, ResultStore, ResultWriter } from './result-store';

const PLACE = 'place';
const PART = '.part';
const NAME = /^[0-9a-f-]{36}\.\d+$/;
/** errno of a write that finds no room: the disk, the quota, or the largest file allowed. */
const noRoom: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Results as files of one folder, each written beside its name and renamed when it is whole. Replicas that share the
 * folder share the results: its id lies in it.
 */
export class FileResultStore implements ResultStore {
  #place: Promise<string> | null = null;

  constructor(private readonly folder: string) {}

  place(): Promise<string> {
    this.#place ??= this.#makePlace().catch((error: unknown) => {
      this.#place = null;
      throw error;
    });
    return this.#place;
  }

  async create(name: string): Promise<ResultWriter> {
    await this.place();
    const path = this.#pathOf(name);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
    const file = await withRoom(() => open(path + PART, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    return new FileWriter(file, path, this.folder);
  }

  async open(name: string): Promise<ResultReader | null> {
    let file: FileHandle;
    try {
      file = await open(this.#pathOf(name), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    const { size } = await file.stat();
    return {
      size,
      read: async (position, length) => {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  }

  async delete(name: string): Promise<void> {
    const path = this.#pathOf(name);
    await Promise.all([rm(path, { force: true }), rm(path + PART, { force: true })]);
  }

  async names(): Promise<string[]> {
    const files = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const names = files.map((file) => (file.endsWith(PART) ? file.slice(0, -PART.length) : file));
    return [...new Set(names)].filter((name) => NAME.test(name));
  }

  #pathOf(name: string): string {
    if (!NAME.test(name)) throw new Error(`${name} is not the name of a result`);
    return join(this.folder, name);
  }

  /** Of two replicas that make it at once, one wins. */
  async #makePlace(): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, PLACE);
    const own = `${path}.${randomUUID()}`;
    try {
      return idOf(await readFile(path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    // Whole before it has its name; a link, unlike a renaming, replaces nothing.
    await writeFile(own, `${randomUUID()}\n`, { mode: 0o600, flush: true });
    await link(own, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(own, { force: true });
    return idOf(await readFile(path, 'utf8'));
  }
}

/** Exported for its failures. */
export class FileWriter implements ResultWriter {
  #open = true;

  constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    private readonly folder: string,
  ) {}

  async append(bytes: Uint8Array): Promise<void> {
    await withRoom(async () => {
      for (let at = 0; at < bytes.byteLength;) {
        at += (await this.file.write(bytes, at)).bytesWritten;
      }
    });
  }

  async commit(): Promise<void> {
    await withRoom(() => this.file.sync());
    await this.#close();
    await rename(this.path + PART, this.path);
    // The name is durable when its folder is.
    const folder = await open(this.folder, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  async abandon(): Promise<void> {
    await this.#close().catch(() => undefined);
    await rm(this.path + PART, { force: true }).catch(() => undefined);
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.file.close();
  }
}

function idOf(text: string): string {
  const id = text.trim();
  if (!/^[0-9a-f-]{36}$/.test(id)) throw new Error('the file that names the store of results is damaged');
  return id;
}

async function withRoom<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (noRoom.has((error as NodeJS.ErrnoException).code))
      throw new AppError('job.storage_full', 'The disk is full', { cause: error });
    throw error;
  }
}
