import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { checkedLookup } from './checked-lookup.js';
import type { ResolveHost } from './dial.js';
import { createGuard } from './guard.js';

const answers =
  (...rounds: string[][]): ResolveHost =>
  () =>
    Promise.resolve(
      (rounds.shift() ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

function look(resolve: ResolveHost, options: LookupOptions, allowHosts: string[] = []) {
  const lookup = checkedLookup(createGuard(allowHosts), resolve);
  return new Promise<string | LookupAddress[]>((fulfil, reject) => {
    lookup('host.example.com', options, (error, address) =>
      error === null ? fulfil(address) : reject(error),
    );
  });
}

describe('the lookup of a socket', () => {
  const refused = expect.objectContaining({ code: 'address-refused', retryable: false });

  it('refuses a name with a private address among its addresses', async () => {
    const mixed = () => answers(['8.8.8.8', '::ffff:10.0.0.1']);
    await expect(look(mixed(), { all: true })).rejects.toEqual(refused);
    await expect(look(mixed(), { all: false })).rejects.toEqual(refused);
  });

  it('judges every answer anew: public first, private later', async () => {
    const rebinding = answers(['8.8.8.8'], ['127.0.0.1']);
    await expect(look(rebinding, { all: true })).resolves.toEqual([
      { address: '8.8.8.8', family: 4 },
    ]);
    await expect(look(rebinding, { all: true })).rejects.toEqual(refused);
  });

  it('passes on that the name has no address or could not be resolved', async () => {
    await expect(look(answers([]), { all: true })).rejects.toThrow('has no address');
    const failing = () => Promise.reject(new Error('ENOTFOUND'));
    await expect(look(failing, { all: true })).rejects.toThrow('ENOTFOUND');
  });

  it('gives the checked addresses: all, or the first', async () => {
    const both = () => answers(['8.8.8.8', '2606:4700:4700::1111']);
    await expect(look(both(), { all: true })).resolves.toHaveLength(2);
    await expect(look(both(), {})).resolves.toBe('8.8.8.8');
  });
});
