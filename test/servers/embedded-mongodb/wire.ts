import { mongo } from 'mongoose';

const { BSON } = mongo;
export type Document = Record<string, unknown>;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;

/** Cuts a stream of bytes into messages of the MongoDB wire protocol, each led by its int32 length. */
export function frameCutter(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let pending: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    pending.push(chunk);
    size += chunk.length;
    let bytes = size >= 4 && size >= expected(pending) ? Buffer.concat(pending) : undefined;
    if (!bytes) return;
    while (bytes.length >= 4 && bytes.length >= frameLength(bytes)) {
      const length = frameLength(bytes);
      onFrame(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
    }
    pending = [bytes];
    size = bytes.length;
  };
}

function expected(pending: Buffer[]): number {
  const first = pending[0];
  if (first && first.length >= 4) return frameLength(first);
  pending.splice(0, pending.length, Buffer.concat(pending));
  return frameLength(pending[0] ?? Buffer.alloc(4));
}

function frameLength(bytes: Buffer): number {
  const length = bytes.readInt32LE(0);
  if (length < HEADER_BYTES) throw new Error(`invalid message length ${length}`);
  return length;
}

/** The command document of an OP_MSG or of the OP_QUERY that old handshakes use. */
export function commandOf(frame: Buffer): Document {
  const opCode = frame.readInt32LE(12);
  if (opCode === OP_MSG) return BSON.deserialize(documentAt(frame, HEADER_BYTES + 5));
  if (opCode === OP_QUERY) {
    const nameEnd = frame.indexOf(0, HEADER_BYTES + 4);
    return BSON.deserialize(documentAt(frame, nameEnd + 1 + 8));
  }
  throw new Error(`unexpected op code ${opCode}`);
}

function documentAt(frame: Buffer, offset: number): Buffer {
  return frame.subarray(offset, offset + frame.readInt32LE(offset));
}

export function isLegacy(frame: Buffer): boolean {
  return frame.readInt32LE(12) === OP_QUERY;
}

export const encode = (document: Document): Buffer => Buffer.from(BSON.serialize(document));
export const decode = (bytes: Buffer): Document => BSON.deserialize(bytes);

/** A reply around one BSON document: OP_REPLY for an OP_QUERY, OP_MSG otherwise. */
export function replyFrame(request: Buffer, body: Buffer): Buffer {
  const legacy = isLegacy(request);
  const lead = Buffer.alloc(HEADER_BYTES + (legacy ? 20 : 5));
  lead.writeInt32LE(lead.length + body.length, 0);
  lead.writeInt32LE(request.readInt32LE(4), 8); // responseTo
  lead.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12);
  if (legacy) lead.writeInt32LE(1, HEADER_BYTES + 16); // numberReturned
  return Buffer.concat([lead, body]);
}
