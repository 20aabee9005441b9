const hash = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const chain = '7c4f1c1e-5a1e-4f2e-9d3b-1f0c2b3a4d5e';

export const segmentExample = {
  chain,
  from: 1,
  to: 240,
  month: '2026-11',
  previous: '0'.repeat(64),
  head: hash,
  tree: hash,
};

const root = {
  at: '2026-11-20T12:01:00.000001Z',
  number: 1,
  previous: '0'.repeat(64),
  segments: 1,
  tree: hash,
  v: 1,
};

export const rootExample = {
  type: 'root',
  root,
  hash,
  keyId: '1f0c2b3a4d5e6f70',
  signature: 'l5Yp…',
  segments: [segmentExample],
};

export const keyExample = {
  id: '1f0c2b3a4d5e6f70',
  publicKey: '-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n',
  current: true,
};

export const proofExample = {
  id: '0b1e2c3d-4f5a-4b6c-8d7e-9f0a1b2c3d4e',
  canonical: '{"action":"query.run","actorId":…}',
  recordHash: hash,
  chain,
  seq: 17,
  previous: hash,
  link: hash,
  segment: segmentExample,
  segmentPath: [{ side: 'left', hash }],
  rootPath: [{ side: 'right', hash }],
  root,
  rootHash: hash,
  keyId: keyExample.id,
  signature: rootExample.signature,
};
