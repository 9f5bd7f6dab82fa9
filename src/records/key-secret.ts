import { digestOf, hexOf } from '../core/index.js';

const PREFIX = 'hf_';
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 190 bits. */
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const SECRET = /^hf_[0-9A-Za-z]{38}$/;
/** The largest multiple of the alphabet's length in a byte: a byte beyond it would favour the first letters. */
const BYTE_MAX = 248;

/** A new API key: `hf_`, 32 random letters and digits, and 6 that are a checksum of those. */
export function makeKeySecret(): string {
  let random = '';
  while (random.length < RANDOM_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH))) {
      if (byte < BYTE_MAX && random.length < RANDOM_LENGTH) random += ALPHABET[byte % 62];
    }
  }
  return PREFIX + random + checksumOf(random);
}

/** What a text looks like as a key, without asking anybody. */
export function inspectKeySecret(text: string): 'key' | 'mistyped' | 'other' {
  if (!text.startsWith(PREFIX)) return 'other';
  if (!SECRET.test(text)) return 'mistyped';
  const random = text.slice(PREFIX.length, PREFIX.length + RANDOM_LENGTH);
  return text.endsWith(checksumOf(random)) ? 'key' : 'mistyped';
}

/** What is stored of a key: it is random, so that a plain hash cannot be guessed back. */
export async function digestOfKey(secret: string): Promise<string> {
  return hexOf(await digestOf(secret));
}

/** CRC-32, in letters and digits. */
function checksumOf(text: string): string {
  let crc = 0xffffffff;
  for (const character of text) {
    crc ^= character.charCodeAt(0);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let letters = '';
  for (let at = 0; at < CHECKSUM_LENGTH; at += 1) {
    letters = ALPHABET[rest % 62] + letters;
    rest = Math.floor(rest / 62);
  }
  return letters;
}
