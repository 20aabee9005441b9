import type { mongo } from 'mongoose';

const PAUSE_MS = 15;

/** Asks the server to end every operation of its own account that carries the comment; says how many there were. */
export async function killByComment(client: mongo.MongoClient, comment: string): Promise<number> {
  const admin = client.db('admin');
  const running = await admin
    .aggregate<{ opid: unknown }>(
      [
        // of the account's own operations, which needs no privilege (manual: $currentOp, killOp)
        { $currentOp: { allUsers: false } },
        {
          $match: { $or: [{ 'command.comment': comment }, { 'cursor.originatingCommand.comment': comment }] },
        },
        { $match: { opid: { $exists: true } } },
        { $project: { opid: 1 } },
      ],
      { maxTimeMS: 5_000 },
    )
    .toArray();
  for (const { opid } of running) await admin.command({ killOp: 1, op: opid });
  return running.length;
}

/**
 * Kills until the server shows the operation no more and the client has heard of its end: an operation that was only
 * just sent may not be on the list yet.
 */
export async function stopOnServer(
  client: mongo.MongoClient,
  comment: string,
  inFlight: Promise<unknown> | null,
  withinMs: number,
): Promise<boolean> {
  let settled = inFlight === null;
  const watch = async (): Promise<void> => {
    await inFlight?.catch(() => undefined);
    settled = true;
  };
  void watch();
  const end = Date.now() + withinMs;
  while (Date.now() < end) {
    const running = await killByComment(client, comment);
    if (running === 0 && settled) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}
