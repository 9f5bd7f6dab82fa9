import { z } from 'zod';
import { HoldfastError, type Json } from '../core/index.js';
import type { SealedPart, SealedText, Vault } from '../promises/index.js';
import type { TaskRegistry } from './registry.js';

/** A key of the vault: 32 bytes and the name that what it encrypts is marked with. */
export interface EncryptionKey {
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const KEY_ID = /^[A-Za-z0-9_-]{1,64}$/;
const KEY_BYTES = 32;
const KEYS_RULE = `must be id:base64,id:base64,…: each id of its own, up to 64 letters, digits, "_" or "-", each key ${KEY_BYTES} bytes (openssl rand -base64 ${KEY_BYTES})`;

/** `id:base64,id:base64`: the first encrypts, all decrypt. */
export const encryptionKeys = z.string().transform((value, context): EncryptionKey[] => {
  const keys = value.split(',').map(keyOf);
  const ids = new Set(keys.map((key) => key?.id));
  if (ids.size === keys.length && !ids.has(undefined)) return keys as EncryptionKey[];
  context.addIssue({ code: 'custom', message: KEYS_RULE });
  return z.NEVER;
});

function keyOf(text: string): EncryptionKey | undefined {
  const [id = '', base64 = '', ...rest] = text.trim().split(':');
  const bytes = bytesOf(base64);
  const isKey = KEY_ID.test(id) && rest.length === 0 && bytes?.length === KEY_BYTES;
  return isKey ? { id, bytes } : undefined;
}

/** What a sealed body is stored as: `{"holdfast:sealed": "<key id>:<base64 of IV and ciphertext>"}`. */
const MARK = 'holdfast:sealed';
const SEALED = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/]+={0,2})$/;
/** Before what a sealed text is stored as: no URL and no secret begins so. */
const SEALED_TEXT = 'sealed:';
const IV_BYTES = 12;

/**
 * Encrypts bodies with AES-256-GCM. Each is bound to its type and part: moved to
 * another it does not open.
 */
export class AesVault implements Vault {
  readonly #keys: ReadonlyMap<string, EncryptionKey>;
  readonly #imported = new Map<string, Promise<CryptoKey>>();
  readonly #types: ReadonlySet<string>;

  /**
   * @param keys the first encrypts, all decrypt
   * @throws HoldfastError `setting-invalid` when a task asks for encryption and there is no key
   */
  constructor(
    private readonly keys: readonly EncryptionKey[],
    registry: TaskRegistry,
  ) {
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    const encrypting = registry.tasks.filter(({ protect }) => protect?.encrypt === true);
    this.#types = new Set(encrypting.map(({ type }) => type));
    const [first] = encrypting;
    if (first === undefined || keys.length > 0) return;
    throw new HoldfastError(
      'setting-invalid',
      `HOLDFAST_ENCRYPTION_KEYS: must be set, since the task "${first.type}" encrypts its payloads; it ${KEYS_RULE}`,
    );
  }

  seals(type: string): boolean {
    return this.#types.has(type);
  }

  isSealed(body: Json): boolean {
    return sealedTextOf(body) !== undefined;
  }

  async seal(type: string, part: SealedPart, body: Json): Promise<Json> {
    const [first] = this.keys;
    if (first === undefined) throw new HoldfastError('internal', 'the vault has no key');
    return { [MARK]: await this.#encrypt(first, `${part} ${type}`, JSON.stringify(body)) };
  }

  async open(type: string, part: SealedPart, body: Json): Promise<Json> {
    const clear = await this.#decrypt(`${part} ${type}`, sealedTextOf(body) ?? '');
    // Not sealed by a key that is here, for this type and part: whoever needs it says so.
    return clear === undefined ? body : (JSON.parse(clear) as Json);
  }

  async sealText(what: SealedText, text: string): Promise<string> {
    const [first] = this.keys;
    if (first === undefined) return text;
    return SEALED_TEXT + (await this.#encrypt(first, `text ${what}`, text));
  }

  async openText(what: SealedText, stored: string): Promise<string> {
    if (!stored.startsWith(SEALED_TEXT)) return stored;
    const clear = await this.#decrypt(`text ${what}`, stored.slice(SEALED_TEXT.length));
    if (clear !== undefined) return clear;
    throw new HoldfastError(
      'payload-sealed',
      `${what}: it cannot be opened with the keys of HOLDFAST_ENCRYPTION_KEYS`,
      { retryable: true },
    );
  }

  /** @param bound what it is of: bound to anything else it does not open */
  async #encrypt(key: EncryptionKey, bound: string, clear: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const cipher = await crypto.subtle.encrypt(
      algorithm(bound, iv),
      await this.#import(key),
      new TextEncoder().encode(clear),
    );
    const bytes = new Uint8Array(IV_BYTES + cipher.byteLength);
    bytes.set(iv);
    bytes.set(new Uint8Array(cipher), IV_BYTES);
    return `${key.id}:${base64Of(bytes)}`;
  }

  /** Undefined when it does not open. */
  async #decrypt(bound: string, sealed: string): Promise<string | undefined> {
    const [, id = '', base64 = ''] = SEALED.exec(sealed) ?? [];
    const key = this.#keys.get(id);
    const bytes = bytesOf(base64);
    if (key === undefined || bytes === undefined) return undefined;
    try {
      const clear = await crypto.subtle.decrypt(
        algorithm(bound, bytes.subarray(0, IV_BYTES)),
        await this.#import(key),
        bytes.subarray(IV_BYTES),
      );
      return new TextDecoder().decode(clear);
    } catch {
      return undefined;
    }
  }

  #import(key: EncryptionKey): Promise<CryptoKey> {
    const known = this.#imported.get(key.id);
    if (known !== undefined) return known;
    const imported = crypto.subtle.importKey('raw', key.bytes, 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]);
    this.#imported.set(key.id, imported);
    return imported;
  }
}

function algorithm(bound: string, iv: Uint8Array<ArrayBuffer>) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(bound) };
}

/** What stands in a sealed body; undefined for any other. */
export function sealedTextOf(body: Json): string | undefined {
  if (typeof body !== 'object' || body === null || !(MARK in body)) return undefined;
  const text = (body as Readonly<Record<string, Json>>)[MARK];
  const isAlone = Object.keys(body).length === 1;
  return isAlone && typeof text === 'string' && SEALED.test(text) ? text : undefined;
}

/** Bytes at a time: `apply` has a bound. */
const CHUNK_BYTES = 8_192;

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(text);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
