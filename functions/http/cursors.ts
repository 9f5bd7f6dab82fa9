import { digestOf, InputInvalidError } from '../../src/core/index.js';
import type { Principal } from './access.js';
import { base64Url, bytesOfBase64Url } from './base64-url.js';

/** Lists whose cursors count what all tenants have made. */
type CountingList = 'promises' | 'subscriptions';

const IV_BYTES = 12;
/** So that the length of a cursor tells nothing either. */
const LENGTH = 40;

/**
 * Cursors that only the service reads: the place in a table that tenants share would tell
 * each how much the others make. A cursor is good for its list and its tenant, and as long
 * as the key of the settings is the same.
 */
export class Cursors {
  readonly #secret: string;
  #key: Promise<CryptoKey> | undefined;

  /** @param apiKey the key of the settings */
  constructor(apiKey: string) {
    this.#secret = apiKey;
  }

  /** Null stays null: there is no next page. */
  async seal(
    list: CountingList,
    { reach }: Pick<Principal, 'reach'>,
    place: string | null,
  ): Promise<string | null> {
    if (place === null) return null;
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const text = new TextEncoder().encode(place.padEnd(LENGTH));
    const algorithm = algorithmOf(list, reach.tenant, iv);
    const cipher = await crypto.subtle.encrypt(algorithm, await this.#imported(), text);
    return base64Url(new Uint8Array([...iv, ...new Uint8Array(cipher)]));
  }

  /** @throws InputInvalidError naming `cursor` when it is none of this list and tenant */
  async open(
    list: CountingList,
    { reach }: Pick<Principal, 'reach'>,
    cursor: string | undefined,
  ): Promise<string | undefined> {
    if (cursor === undefined) return undefined;
    const bytes = bytesOfBase64Url(cursor);
    try {
      const algorithm = algorithmOf(list, reach.tenant, bytes.subarray(0, IV_BYTES));
      const sealed = bytes.subarray(IV_BYTES);
      const text = await crypto.subtle.decrypt(algorithm, await this.#imported(), sealed);
      return new TextDecoder().decode(text).trimEnd();
    } catch {
      const received = JSON.stringify(cursor.slice(0, 100));
      const rule = 'must be a nextCursor of this list';
      throw new InputInvalidError([{ path: 'cursor', rule, received }]);
    }
  }

  #imported(): Promise<CryptoKey> {
    this.#key ??= importKey(this.#secret);
    return this.#key;
  }
}

async function importKey(secret: string): Promise<CryptoKey> {
  const digest = await digestOf(`holdfast cursors ${secret}`);
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

function algorithmOf(list: CountingList, tenant: string, iv: Uint8Array<ArrayBuffer>) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${list} ${tenant}`) };
}
