import type { webcrypto } from 'node:crypto';

/** What Node has as a global and its types for version 20 leave out; workerd's types have it. */
declare global {
  type CryptoKey = webcrypto.CryptoKey;
}
