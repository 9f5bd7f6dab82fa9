import { type Clock, HoldfastError, systemClock } from '../../src/core/index.js';
import type { Scope as Reach } from '../../src/promises/index.js';
import {
  type ApiKeys,
  digestOfKey,
  type FoundKey,
  inspectKeySecret,
  type KeyScope,
  type RateLimit,
} from '../../src/records/index.js';

export type Scope = KeyScope;

/** Who may call an operation: anyone, or a key with this scope. */
export type Access = 'open' | Scope;

/** Who a key stands for. */
export interface Principal {
  /** The key's id; `bootstrap` is the key of the settings. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Whose promises it sees, and which queues of those. */
  readonly reach: Reach;
  readonly rateLimit: RateLimit | null;
}

const BOOTSTRAP: Principal = {
  id: 'bootstrap',
  name: 'bootstrap',
  scopes: ['admin'],
  reach: { tenant: '', queues: null },
  rateLimit: null,
};

/** Who asks without a key: sees nothing of anybody. */
export const NOBODY: Principal = {
  id: 'nobody',
  name: 'nobody',
  scopes: [],
  reach: { tenant: '', queues: [] },
  rateLimit: null,
};

const BEARER = /^Bearer +(.+)$/i;
const NOT_ASCII = /[^\x20-\x7e]/;

/** Who was told by a header, of those that are good. */
interface Known {
  readonly principal: Principal;
  /** By the monotonic clock: looked up again after it. */
  readonly freshUntil: number;
  /** Taken until then while the database of keys is away. */
  readonly staleUntil: number;
}

/** Headers remembered at once. */
const KNOWN_MAX = 1_000;
/** A key is good for this long after it was last seen good, while its database cannot be asked. */
const STALE_MS = 300_000;

export interface KeyringOptions {
  readonly keys: Pick<ApiKeys, 'find' | 'markUsed'>;
  /** How long a key that was found is not looked up again; 0 is always: what a revocation takes at most. */
  readonly freshMs: number;
  /** Does what need not be waited for. */
  readonly later: (work: () => Promise<unknown>) => void;
  readonly clock?: Clock;
}

/** Tells who asks by the key in the Authorization header. */
export class Keyring {
  readonly #bootstrapDigest: Promise<string>;
  readonly #options: KeyringOptions;
  readonly #clock: Clock;
  /** By the whole header. The seeded hash of a Map tells nobody how near a guess was. */
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Promise<Principal>>();

  constructor(bootstrapKey: string, options: KeyringOptions) {
    this.#bootstrapDigest = digestOfKey(bootstrapKey);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Who asks, when that is known without a look at the database. */
  recall(authorization: string | undefined): Principal | undefined {
    const known = authorization === undefined ? undefined : this.#known.get(authorization);
    if (known === undefined || known.freshUntil <= this.#clock.monotonic()) return undefined;
    return known.principal;
  }

  /** @throws HoldfastError `unauthorized`; `database-…` when a key cannot be looked up */
  async identify(authorization: string | undefined): Promise<Principal> {
    const remembered = this.recall(authorization);
    if (remembered !== undefined) return remembered;
    const key = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
    if (authorization === undefined || key === undefined) {
      throw new HoldfastError('unauthorized', 'send the API key as "Authorization: Bearer <key>"');
    }
    // Many requests of one key are one look.
    const asked = this.#asked.get(authorization) ?? this.#ask(authorization, key);
    this.#asked.set(authorization, asked);
    try {
      return await asked;
    } finally {
      this.#asked.delete(authorization);
    }
  }

  /** @throws HoldfastError `unauthorized` */
  async holderOf(key: string): Promise<Principal> {
    const expected = await this.#bootstrapDigest;
    const digest = await digestOfKey(key);
    // Hashes: what a comparison of them takes tells nothing of the keys.
    if (digest === expected) return BOOTSTRAP;
    if (NOT_ASCII.test(key) && (await digestOfKey(utf8Of(key))) === expected) return BOOTSTRAP;
    const look = inspectKeySecret(key);
    if (look === 'other') throw refusal('this API key is not known');
    if (look === 'mistyped') throw refusal('this API key is mistyped: its checksum is wrong');
    const found = await this.#options.keys.find(digest);
    if (found === undefined) throw refusal('this API key is not known');
    if (found.state !== 'good') throw refusal(`this API key is ${found.state}`);
    if (found.isUseNews) this.#options.later(() => this.#options.keys.markUsed(found.key.id));
    return principalOf(found);
  }

  /** A key has changed: it is looked up again. */
  forget(id: string): void {
    for (const [header, { principal }] of this.#known) {
      if (principal.id === id) this.#known.delete(header);
    }
  }

  async #ask(header: string, key: string): Promise<Principal> {
    try {
      const principal = await this.holderOf(key);
      this.#remember(header, principal);
      return principal;
    } catch (error) {
      const isRefused = error instanceof HoldfastError && error.code === 'unauthorized';
      const known = this.#known.get(header);
      if (!isRefused && known !== undefined && known.staleUntil > this.#clock.monotonic()) {
        return known.principal;
      }
      this.#known.delete(header);
      throw error;
    }
  }

  #remember(header: string, principal: Principal): void {
    const { freshMs } = this.#options;
    if (freshMs === 0) return;
    const now = this.#clock.monotonic();
    const freshUntil = principal === BOOTSTRAP ? Number.POSITIVE_INFINITY : now + freshMs;
    this.#known.delete(header);
    this.#known.set(header, { principal, freshUntil, staleUntil: now + STALE_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** @throws HoldfastError `forbidden` */
export function requireScope({ scopes }: Principal, scope: Scope): void {
  if (scopes.includes('admin') || scopes.includes(scope)) return;
  throw new HoldfastError('forbidden', `this needs a key with the scope ${scope}`);
}

export function isOfWholeService({ reach }: Principal): boolean {
  return reach.tenant === '' && reach.queues === null;
}

/**
 * What shows or changes the whole service is not for a tenant's key, nor for one of a few queues.
 * @throws HoldfastError `forbidden`
 */
export function requireWholeService(principal: Principal): void {
  if (isOfWholeService(principal)) return;
  throw new HoldfastError('forbidden', 'this is not for keys of a tenant, or of some queues only');
}

function principalOf({ key }: FoundKey): Principal {
  const { id, name, scopes, tenant, queues, rateLimit } = key;
  return { id, name, scopes, reach: { tenant, queues }, rateLimit };
}

function refusal(message: string): HoldfastError {
  return new HoldfastError('unauthorized', message);
}

/** A header's bytes arrive as Latin-1, while a key may be any string. */
function utf8Of(header: string): string {
  const bytes = Uint8Array.from(header, (character) => character.charCodeAt(0) & 0xff);
  return new TextDecoder().decode(bytes);
}
