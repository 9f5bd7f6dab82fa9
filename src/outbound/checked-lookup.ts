import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { HoldfastError } from '../core/index.js';
import type { ResolveHost } from './dial.js';
import type { Guard } from './guard.js';

/**
 * A `lookup` for sockets that gives only addresses the guard lets through. The
 * socket connects to what it is given here and asks nobody again: a name that
 * answers differently the second time (DNS rebinding) changes nothing.
 *
 * One refused address refuses the name: a public name has no private address, and
 * which of them a socket ends up with is a matter of timing.
 */
export function checkedLookup(guard: Guard, resolve: ResolveHost = resolveAll): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) return callback(new Error(`${hostname} has no address`), '');
        for (const { address } of addresses) {
          const reason = guard.refuseResolved(hostname, address);
          if (reason !== undefined)
            return callback(new HoldfastError('address-refused', reason), '');
        }
        if (options.all) return callback(null, [...addresses]);
        return callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error as Error, ''),
    );
  };
}

const resolveAll: ResolveHost = (hostname) => lookup(hostname, { all: true });
