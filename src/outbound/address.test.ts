import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, refuseAddress } from './address.js';

const REFUSED: readonly (readonly [address: string, word: string])[] = [
  ['0.0.0.0', 'unspecified'],
  ['0.1.2.3', 'unspecified'],
  ['10.0.0.0', 'private'],
  ['10.255.255.255', 'private'],
  ['100.64.0.0', 'carrier-grade NAT'],
  ['100.100.100.200', 'carrier-grade NAT'],
  ['100.127.255.255', 'carrier-grade NAT'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['168.63.129.16', 'metadata'],
  ['169.254.0.1', 'link-local'],
  ['169.254.169.254', 'metadata'],
  ['169.254.170.2', 'link-local'],
  ['172.16.0.0', 'private'],
  ['172.31.255.255', 'private'],
  ['192.0.0.8', 'reserved'],
  ['192.0.0.192', 'reserved'],
  ['192.0.2.1', 'reserved'],
  ['192.88.99.1', 'reserved'],
  ['192.168.0.1', 'private'],
  ['192.168.255.255', 'private'],
  ['198.18.0.0', 'benchmark'],
  ['198.19.255.255', 'benchmark'],
  ['198.51.100.7', 'reserved'],
  ['203.0.113.7', 'reserved'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.255', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::127.0.0.1', 'reserved'],
  ['::7f00:1', 'reserved'],
  ['::8.8.8.8', 'reserved'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['0:0:0:0:0:ffff:a9fe:a9fe', 'link-local'],
  ['::ffff:10.1.2.3', 'private'],
  ['::ffff:0:127.0.0.1', 'reserved'],
  ['64:ff9b::127.0.0.1', 'loopback'],
  ['64:ff9b::a9fe:a9fe', 'link-local'],
  ['64:ff9b::c0a8:1', 'private'],
  ['64:ff9b:1::7f00:1', 'NAT64'],
  ['64:ff9b:1::8.8.8.8', 'NAT64'],
  ['100::1', 'reserved'],
  ['2001::1', 'Teredo'],
  ['2001:2::1', 'benchmark'],
  ['2001:db8::1', 'reserved'],
  ['2002:7f00:1::', '6to4'],
  ['2002:808:808::1', '6to4'],
  ['3fff::1', 'reserved'],
  ['4000::1', 'reserved'],
  ['5f00::1', 'reserved'],
  ['fc00::1', 'private'],
  ['fd00:ec2::254', 'private'],
  ['fdff::1', 'private'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local'],
  ['febf::1', 'link-local'],
  ['fec0::1', 'private'],
  ['ff02::1', 'multicast'],
  ['example.com', 'not an IP address'],
  ['', 'not an IP address'],
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '168.63.129.15',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80b::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

describe('an address', () => {
  it.each(REFUSED)('%s is refused as %s', (address, word) => {
    expect(refuseAddress(address)).toContain(word);
  });

  it.each(PUBLIC)('%s is let through', (address) => {
    expect(refuseAddress(address)).toBeUndefined();
  });

  it('of IPv4 is judged the same when it is mapped or translated', () => {
    for (const address of [...REFUSED.map(([one]) => one), ...PUBLIC]) {
      if (!ipaddr.IPv4.isValid(address)) continue;
      const direct = refuseAddress(address) === undefined;
      expect(refuseAddress(`::ffff:${address}`) === undefined, address).toBe(direct);
      expect(refuseAddress(`64:ff9b::${address}`) === undefined, address).toBe(direct);
    }
  });

  it('has one canonical spelling', () => {
    for (const spelling of ['127.0.0.1', '::ffff:127.0.0.1', '::FFFF:7F00:1', '64:ff9b::7f00:1']) {
      expect(canonicalAddress(spelling)).toBe('127.0.0.1');
    }
    expect(canonicalAddress('FE80:0::1%eth0')).toBe('fe80::1');
    expect(canonicalAddress('cafe')).toBeUndefined();
  });
});
