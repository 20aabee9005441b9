import { createHash } from 'node:crypto';
import http from 'node:http';
import type { TestService } from './service';

export interface Streamed {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Buffer;
  readonly text: string;
  /** The connection broke before the end of the body. */
  readonly broken: boolean;
}

export interface StreamRequest {
  readonly connectionId: string;
  readonly query: unknown;
  readonly format?: string;
  readonly token: string;
  readonly headers?: Record<string, string>;
  readonly more?: Record<string, unknown>;
}

/** Sends the request; resolves with the answer as soon as its head is there. */
export async function openStream(
  { url }: Pick<TestService, 'url'>,
  { connectionId, query, format = 'ndjson', token, headers, more }: StreamRequest,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/api/database/query/stream?format=${format}`, {
      method: 'POST',
      agent: false,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    });
    request.once('response', resolve);
    request.once('error', reject);
    request.end(JSON.stringify({ connectionId, query, ...more }));
  });
}

/** Reads an answer to its end, however it ends. */
export async function readStream(answer: http.IncomingMessage): Promise<Streamed> {
  const chunks: Buffer[] = [];
  let broken = false;
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch {
    broken = true;
  }
  const body = Buffer.concat(chunks);
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    trailers: answer.trailers,
    body,
    text: body.toString('utf8'),
    broken: broken || !answer.complete,
  };
}

export async function stream(service: TestService, request: StreamRequest): Promise<Streamed> {
  return readStream(await openStream(service, request));
}

export interface Ndjson {
  readonly head: any;
  readonly rows: any[];
  readonly trailer: any;
  /** SHA-256 of everything in front of the trailer. */
  readonly sha256: string;
}

export function ndjsonOf(text: string): Ndjson {
  const lines = text.trimEnd().split('\n');
  const before = text.slice(0, text.trimEnd().lastIndexOf('\n') + 1);
  return {
    head: JSON.parse(lines[0]!),
    rows: lines.slice(1, -1).map((line) => JSON.parse(line)),
    trailer: JSON.parse(lines.at(-1)!),
    sha256: sha256(before),
  };
}

export function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
