/** What a job did, in numbers, with names that say what they count. */
export type JobReport = Readonly<Record<string, number | string>>;

/** Work of the cluster that one replica does, now and then. */
export interface Job {
  /** `noun`, stable: it is the key of what is known about its runs. */
  readonly name: string;
  readonly description: string;
  /** 0: only by hand. */
  readonly everySeconds: number | (() => Promise<number>);
  run(): Promise<JobReport>;
}
