import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Why an IP address may not be called, for example `127.0.0.1 is a loopback
 * address`; undefined for one of the public internet. Only what is public is let
 * through: a range that nobody thought of is refused.
 */
export function refuseAddress(text: string): string | undefined {
  const address = parse(text);
  if (address === undefined) return `${text} is not an IP address`;
  const range = isV4(address) ? rangeV4(address) : rangeV6(address);
  return range === undefined
    ? undefined
    : `${text} is ${RANGE_NAMES[range] ?? 'a reserved address'}`;
}

/**
 * One spelling for each address, so that spellings compare equal: an IPv4 address
 * inside an IPv6 one is unwrapped, a zone id is dropped. Undefined for a name.
 */
export function canonicalAddress(text: string): string | undefined {
  return parse(text)?.toString();
}

const RANGE_NAMES: Readonly<Record<string, string>> = {
  benchmarking: 'a benchmark address',
  broadcast: 'the broadcast address',
  carrierGradeNat: 'a carrier-grade NAT address',
  deprecatedSiteLocal: 'a private address',
  linkLocal: 'a link-local address, where metadata services live',
  loopback: 'a loopback address',
  metadata: 'the address of a metadata service',
  multicast: 'a multicast address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  unspecified: 'the unspecified address',
  '6to4': 'an address that tunnels to IPv4 (6to4)',
  teredo: 'an address that tunnels to IPv4 (Teredo)',
  rfc6052: 'an address that is translated to IPv4 by the local network (NAT64)',
};

const BENCHMARK_V4 = ipaddr.IPv4.parseCIDR('198.18.0.0/15');
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Public by its number, yet each virtual machine of Azure reaches its own host agent there. */
const AZURE_HOST_AGENT = '168.63.129.16';

function parse(text: string): Address | undefined {
  const bare = inGroups(text.split('%', 1)[0] ?? '');
  if (!ipaddr.isValid(bare)) return undefined;
  const address = ipaddr.parse(bare);
  return isV4(address) ? address : unwrap(address);
}

/** ipaddr.js takes `::127.0.0.1` for a mapped address, as which no system connects to it. */
function inGroups(text: string): string {
  const url = `http://[${text}]/`;
  return text.includes(':') && URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : text;
}

function isV4(address: Address): address is ipaddr.IPv4 {
  return address.kind() === 'ipv4';
}

/**
 * The IPv4 address that a mapped or well-known NAT64 address leads to. NAT64 is
 * unwrapped, not refused, because on an IPv6-only network with DNS64 every IPv4
 * host of the internet has such an address.
 */
function unwrap(address: ipaddr.IPv6): Address {
  if (!address.isIPv4MappedAddress() && !address.match(NAT64)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function rangeV4(address: ipaddr.IPv4): string | undefined {
  if (address.toString() === AZURE_HOST_AGENT) return 'metadata';
  if (address.match(BENCHMARK_V4)) return 'benchmarking';
  const range = address.range();
  return range === 'unicast' ? undefined : range;
}

/** Outside 2000::/3 nothing is routed on the internet, `::127.0.0.1` and unassigned space included. */
function rangeV6(address: ipaddr.IPv6): string | undefined {
  const range = address.range();
  if (range !== 'unicast') return range;
  return address.match(GLOBAL_UNICAST) ? undefined : 'reserved';
}
