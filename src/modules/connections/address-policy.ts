import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import * as ipaddr from 'ipaddr.js';
import { AppError } from '../../common/app-error';
import type { ResolveHost } from '../../drivers/driver';

/** Addresses that hand out credentials of the machine to whoever asks from it. */
const metadataAddresses = new Set(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254']);

/** Ranges (as ipaddr.js names them) where no database ever is. */
const neverRanges = new Set([
  'linkLocal',
  'unspecified',
  'broadcast',
  'multicast',
  'reserved',
  'as112',
  'amt',
]);
/** Ranges refused by the setting: loopback, RFC 1918, RFC 6598, RFC 4193. */
const privateRanges = new Set(['loopback', 'private', 'carrierGradeNat', 'uniqueLocal']);
/** Ranges that carry an IPv4 address inside, through a translator that is not ours to trust. */
const translatedRanges = new Set(['6to4', 'teredo', 'rfc6145', 'rfc6052']);

/** Why an address may not be connected to, or `null`. */
export function refuseAddress(address: string, denyPrivate: boolean): string | null {
  // process() unwraps IPv4-mapped IPv6 (::ffff:169.254.169.254).
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (metadataAddresses.has(parsed.toString())) return 'it is a metadata service';
  if (neverRanges.has(range)) return `it is in the range ${range}`;
  if (translatedRanges.has(range)) return `it is in the range ${range}`;
  if (denyPrivate && privateRanges.has(range)) return `it is in the range ${range}, which is switched off`;
  return null;
}

/**
 * Resolves host names under the policy. Every address of the name must pass, and the caller connects to the address
 * it is given, not to the name: a name that resolves differently a moment later (DNS rebinding) gains nothing.
 */
export function policyResolver(denyPrivate: boolean): ResolveHost {
  return async (hostname) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await lookUp(host);
    for (const { address } of addresses) {
      const reason = refuseAddress(address, denyPrivate);
      if (reason)
        throw new AppError('connection.address_denied', `The host may not be connected to: ${reason}`);
    }
    const [first] = addresses;
    if (!first) throw new AppError('connection.host_not_found');
    return { address: first.address, family: first.family === 6 ? 6 : 4 };
  };
}

async function lookUp(host: string): Promise<{ address: string; family: number }[]> {
  // RFC 1123 names; refuses what only some resolvers read as an address (0x7f.1, 2130706433) before it is resolved.
  if (!/^(?=.{1,253}$)(?!.*\.\d+$)(?!\d+$)(?!0x)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$/.test(host)) {
    throw new AppError('connection.host_not_found', 'The host is neither a name nor an address');
  }
  try {
    return await lookup(host, { all: true, verbatim: true });
  } catch (error) {
    throw new AppError('connection.host_not_found', undefined, { cause: error });
  }
}
