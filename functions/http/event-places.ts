import { digestOf, InputInvalidError } from '../../src/core/index.js';
import { base64Url, bytesOfBase64Url } from './base64-url.js';

/** `seq`, or `seq-index`, as the log has it. */
const PLACE = /^(\d+)((?:-\d+)?)$/;
/** One block, as base64url, and behind it the index: a row of the log is of one tenant. */
export const SEALED_PLACE = /^([\w-]{22})((?:-\d{1,4})?)$/;

const BLOCK_BYTES = 16;
/** Of a block without its padding: the number, what tells two cursors apart, and zeros. */
const NUMBER_BYTES = 6;
const SALT_BYTES = 5;
const CLEAR_BYTES = 15;
const LOW = 2 ** 32;

/**
 * Places in the log of events as only the service reads them: the log is one for all
 * tenants, and its numbers would tell each how much the others do. A place is good for its
 * tenant, and as long as the key of the settings is the same. One block of AES is enough for
 * it, and what is no place of this tenant shows by its zeros.
 */
export class EventPlaces {
  readonly #secret: string;
  #key: Promise<CryptoKey> | undefined;

  /** @param apiKey the key of the settings */
  constructor(apiKey: string) {
    this.#secret = apiKey;
  }

  /** The places of one tenant. */
  async of(tenant: string): Promise<TenantPlaces> {
    this.#key ??= importKey(this.#secret);
    const [key, digest] = await Promise.all([this.#key, digestOf(`holdfast tenant ${tenant}`)]);
    const algorithm = { name: 'AES-CBC', iv: digest.subarray(0, BLOCK_BYTES) };
    return new TenantPlaces({
      encrypt: (clear) => crypto.subtle.encrypt(algorithm, key, clear),
      decrypt: (block) => crypto.subtle.decrypt(algorithm, key, block),
    });
  }
}

/** One block of a tenant. */
interface BlockCipher {
  encrypt(clear: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
  /** Rejects what does not end as a block does. */
  decrypt(block: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
}

export class TenantPlaces {
  /** Rows of the log hold many events: each is sealed once. */
  #latest: { readonly seq: string; readonly sealed: Promise<string> } | undefined;

  constructor(private readonly cipher: BlockCipher) {}

  /** Of an event: always the same. */
  async id(place: string): Promise<string> {
    const [seq, index] = partsOf(place, PLACE);
    if (this.#latest?.seq !== seq) {
      this.#latest = { seq, sealed: this.#seal(seq, new Uint8Array(SALT_BYTES)) };
    }
    return (await this.#latest.sealed) + index;
  }

  /** Where to go on: another one each time, or it would tell whether others have done anything. */
  async cursor(place: string): Promise<string> {
    const [seq, index] = partsOf(place, PLACE);
    return (await this.#seal(seq, crypto.getRandomValues(new Uint8Array(SALT_BYTES)))) + index;
  }

  /**
   * The place behind an id or a cursor.
   * @throws InputInvalidError naming `path` when it is none of this tenant
   */
  async open(path: string, sealed: string): Promise<string> {
    const [block, index] = partsOf(sealed, SEALED_PLACE);
    const clear = await this.#opened(block);
    if (clear?.subarray(NUMBER_BYTES + SALT_BYTES).every((byte) => byte === 0)) {
      return `${numberOf(clear)}${index}`;
    }
    const rule = 'must be the id of an event or a nextCursor, given to this tenant';
    throw new InputInvalidError([{ path, rule, received: JSON.stringify(sealed.slice(0, 100)) }]);
  }

  async #seal(seq: string, salt: Uint8Array): Promise<string> {
    const clear = new Uint8Array(CLEAR_BYTES);
    const view = new DataView(clear.buffer);
    view.setUint16(0, Number(seq) / LOW);
    view.setUint32(2, Number(seq) % LOW);
    clear.set(salt, NUMBER_BYTES);
    return base64Url(new Uint8Array(await this.cipher.encrypt(clear)));
  }

  async #opened(block: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return new Uint8Array(await this.cipher.decrypt(bytesOfBase64Url(block)));
    } catch {
      return undefined;
    }
  }
}

function numberOf({ buffer }: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(buffer);
  return view.getUint16(0) * LOW + view.getUint32(2);
}

/** Empty parts of what has not that form. */
function partsOf(text: string, form: RegExp): readonly [head: string, index: string] {
  const [, head = '', index = ''] = form.exec(text) ?? [];
  return [head, index];
}

async function importKey(secret: string): Promise<CryptoKey> {
  const digest = await digestOf(`holdfast events ${secret}`);
  return crypto.subtle.importKey('raw', digest, 'AES-CBC', false, ['encrypt', 'decrypt']);
}
