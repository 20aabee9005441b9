import { createServer, type AddressInfo } from 'node:net';

/**
 * A TCP port of the loopback interface that nobody listens on now. Somebody may take it before the caller does,
 * so the caller tries again with another one when binding fails.
 */
export function findFreePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host, port: 0, exclusive: true }, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
