import { HoldfastError } from '../../src/core/index.js';

/** What a key may do. `admin` includes the others. */
export const SCOPES = ['produce', 'consume', 'read', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who may call an operation: anyone, or a key with this scope. */
export type Access = 'open' | Scope;

/** Who a key stands for. */
export interface Principal {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

const BOOTSTRAP: Principal = { name: 'bootstrap', scopes: ['admin'] };
const BEARER = /^Bearer +(.+)$/i;
const NOT_ASCII = /[^\x20-\x7e]/;

/** Tells who asks by the key in the Authorization header. */
export class Keyring {
  readonly #keyDigest: Promise<Uint8Array>;

  constructor(bootstrapKey: string) {
    this.#keyDigest = digest(bootstrapKey);
  }

  /** @throws HoldfastError `unauthorized` */
  async identify(authorization: string | undefined): Promise<Principal> {
    const key = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
    if (key === undefined) {
      throw new HoldfastError('unauthorized', 'send the API key as "Authorization: Bearer <key>"');
    }
    const principal = await this.holderOf(key);
    if (principal === undefined)
      throw new HoldfastError('unauthorized', 'this API key is not known');
    return principal;
  }

  async holderOf(key: string): Promise<Principal | undefined> {
    const expected = await this.#keyDigest;
    const known =
      equalDigests(await digest(key), expected) ||
      (NOT_ASCII.test(key) && equalDigests(await digest(utf8Of(key)), expected));
    return known ? BOOTSTRAP : undefined;
  }
}

/** @throws HoldfastError `forbidden` */
export function requireScope({ scopes }: Principal, scope: Scope): void {
  if (scopes.includes('admin') || scopes.includes(scope)) return;
  throw new HoldfastError('forbidden', `this needs a key with the scope ${scope}`);
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** Looks at every byte, so that the time taken tells nothing of where they differ. */
function equalDigests(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index++) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}

/** A header's bytes arrive as Latin-1, while a key may be any string. */
function utf8Of(header: string): string {
  const bytes = Uint8Array.from(header, (character) => character.charCodeAt(0) & 0xff);
  return new TextDecoder().decode(bytes);
}
