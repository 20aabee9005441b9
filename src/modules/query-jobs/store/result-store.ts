/** Takes the bytes of one result; what is not committed is not there. */
export interface ResultWriter {
  /** @throws AppError `job.storage_full` */
  append(bytes: Uint8Array): Promise<void>;
  /** Durable, and readable under its name, when it resolves. @throws AppError `job.storage_full` */
  commit(): Promise<void>;
  /** Lets go of what is not committed; never throws. */
  abandon(): Promise<void>;
}

export interface ResultReader {
  /** In bytes. */
  readonly size: number;
  /** Fewer bytes than `length` only at the end. */
  read(position: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Keeps results, which are sealed before they come here. Names are ours: letters of UUIDs, digits, dots. */
export interface ResultStore {
  /** Says which store it is: the same wherever the same results are found. */
  place(): Promise<string>;
  create(name: string): Promise<ResultWriter>;
  /** `null` when there is none of that name. */
  open(name: string): Promise<ResultReader | null>;
  /** What is not there is no failure; what is half written goes, too. */
  delete(name: string): Promise<void>;
  /** Of everything there is, half written or whole. */
  names(): Promise<string[]>;
}
