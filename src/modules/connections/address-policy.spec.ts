import { policyResolver, refuseAddress } from './address-policy';

describe('refuseAddress', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    'fe80::1',
    'fd00:ec2::254',
    '100.100.100.200',
    '0.0.0.0',
    '::',
    '255.255.255.255',
    '224.0.0.1',
    'ff02::1',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
  ])('always refuses %s', (address) => {
    expect(refuseAddress(address, false)).not.toBeNull();
  });

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.5',
    '172.16.3.4',
    '192.168.1.1',
    '100.64.0.1',
    'fd12::1',
    '::ffff:10.0.0.1',
  ])('refuses %s only when private networks are denied', (address) => {
    expect(refuseAddress(address, false)).toBeNull();
    expect(refuseAddress(address, true)).not.toBeNull();
  });

  it('lets public addresses pass', () => {
    expect(refuseAddress('93.184.216.34', true)).toBeNull();
    expect(refuseAddress('2606:2800:220:1::1', true)).toBeNull();
  });
});

describe('policyResolver', () => {
  const codeOf = async (host: string, denyPrivate = false): Promise<unknown> =>
    policyResolver(denyPrivate)(host).then(
      ({ address }) => address,
      (error: { code: string }) => error.code,
    );

  it('gives the address itself, names resolved', async () => {
    expect(await codeOf('127.0.0.1')).toBe('127.0.0.1');
    expect(await codeOf('[::1]')).toBe('::1');
    expect(['127.0.0.1', '::1']).toContain(await codeOf('localhost'));
  });

  it('refuses a name that resolves to a denied address', async () => {
    expect(await codeOf('localhost', true)).toBe('connection.address_denied');
    expect(await codeOf('169.254.169.254')).toBe('connection.address_denied');
  });

  it.each([
    '2130706433',
    '0x7f000001',
    '0x7f.0.0.1',
    '127.1',
    '0177.0.0.1',
    '/var/run/postgresql',
    'a b',
    '',
    'a..b/c',
  ])('does not resolve %p', async (host) => {
    expect(await codeOf(host)).toBe('connection.host_not_found');
  });
});
