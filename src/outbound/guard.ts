import { HoldfastError } from '../core/index.js';
import { canonicalAddress, refuseAddress } from './address.js';
import { refuseHostName } from './host-name.js';

/** Says what may not be called, and why. Pure: resolves nothing. */
export interface Guard {
  /** The reason that shows in the URL itself; undefined when none does. */
  refuseUrl(url: string): string | undefined;
  /** The reason not to connect to an `address` that `host` resolved to. */
  refuseResolved(host: string, address: string): string | undefined;
}

/**
 * @param allowHosts exact host names and addresses that may be called although
 *   they are private; an allowed name may resolve to any address
 * @throws HoldfastError `setting-invalid` naming the entry that is neither
 */
export function createGuard(allowHosts: readonly string[]): Guard {
  const allowed = new Set(allowHosts.map(parseAllowed));

  function refuseHost(host: string): string | undefined {
    const address = canonicalAddress(host);
    if (allowed.has(address ?? host)) return undefined;
    return address === undefined ? refuseHostName(host) : refuseAddress(host);
  }

  return {
    refuseUrl(text) {
      // The URL parser throws on these: said here, so that the reason is not "malformed".
      if (ZONE_ID.test(text)) return 'an address with a zone id belongs to the local network';
      if (!URL.canParse(text)) return 'it is not an absolute URL';
      const url = new URL(text);
      if (url.protocol !== 'http:' && url.protocol !== 'https:') {
        return `the scheme "${url.protocol.slice(0, -1)}" is neither http nor https`;
      }
      if (url.username !== '' || url.password !== '') {
        return 'it carries a user name or password, which belong in a header';
      }
      return refuseHost(bareHost(url.hostname));
    },
    refuseResolved(host, address) {
      const name = bareHost(host.toLowerCase());
      if (allowed.has(name)) return undefined;
      const reason = refuseHost(address);
      return reason && `${name} resolves to an address that may not be called: ${reason}`;
    },
  };
}

/** An IPv6 literal in a URL that names an interface: `[fe80::1%25eth0]`. */
const ZONE_ID = /^[a-z][a-z\d+.-]*:[/\\]*(?:[^/\\?#]*@)?\[[^\]]*%/i;

function parseAllowed(entry: string): string {
  const bare = bareHost(entry.trim().toLowerCase());
  const address = canonicalAddress(bare);
  if (address !== undefined) return address;
  const whole = `http://${bare}/`;
  if (/[\s/\\:?#@*%]/.test(bare) || !URL.canParse(whole)) {
    throw new HoldfastError(
      'setting-invalid',
      'allowHosts: each entry must be one exact host name or address, without scheme, port or ' +
        `wildcard (received ${JSON.stringify(entry)})`,
    );
  }
  return bareHost(new URL(whole).hostname);
}

/** Without the brackets of an IPv6 literal and without the dots that end a full name. */
function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.+$/, '');
}
