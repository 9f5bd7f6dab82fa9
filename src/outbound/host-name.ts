/**
 * Why a host name may not be called, whatever it resolves to; undefined for a
 * name of the public DNS. `name` is lower case and has no dot at its end.
 *
 * On Node every address behind a name is checked as well. On workerd nothing
 * tells the address, so this and the literal addresses are all there is.
 */
export function refuseHostName(name: string): string | undefined {
  if (METADATA_NAMES.has(name)) return `${name} is the name of a metadata service`;
  if (name === 'localhost' || name.endsWith('.localhost')) return `${name} is this machine`;
  const suffix = PRIVATE_SUFFIXES.find((one) => name === one || name.endsWith(`.${one}`));
  if (suffix !== undefined) return `${name} is a private name (.${suffix})`;
  if (!name.includes('.')) return `${name} has no dot, so it is a name of the local network`;
  return undefined;
}

/** Names outside the private suffixes that clouds answer, inside, with their metadata service. */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'instance-data',
  'metadata',
  'metadata.goog',
  'metadata.google.internal',
  'metadata.tencentyun.com',
]);

/** Reserved for private use (RFC 6762, RFC 8375, ICANN's `.internal`) or never to be delegated. */
const PRIVATE_SUFFIXES = [
  'internal',
  'local',
  'localdomain',
  'home.arpa',
  'corp',
  'home',
  'intranet',
  'lan',
  'private',
] as const;
