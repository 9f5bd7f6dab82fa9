import type { Json } from '../core/index.js';
import type { Claim } from './claimed.js';
import { type Enqueue, type Enqueued, type PreparedEnqueue, prepareEnqueue } from './enqueue.js';
import type { Parent } from './family.js';
import type { Origin } from './origin.js';
import { NOTIFY } from './origins-schema.js';
import type { NewPromise, PromiseRecord } from './promise.js';
import {
  type HeldPromise,
  type PreparedSettlement,
  prepareSettlement,
  type Settlement,
} from './settle.js';
import { plainKeyOf, uniqueKeyOf } from './unique.js';

/** What of a promise is sealed. */
export type SealedPart = 'payload' | 'result' | 'state';

/** Texts of the service that may hold a secret. */
export type SealedText = 'callback-url' | 'origin-url' | 'subscription-secret';

/** Keeps bodies of some types, and secrets of the service, from being read in the database. */
export interface Vault {
  /** True for types whose bodies are stored sealed. */
  seals(type: string): boolean;
  seal(type: string, part: SealedPart, body: Json): Promise<Json>;
  /** True for what looks like a sealed body. */
  isSealed(body: Json): boolean;
  /** The body that was sealed; what cannot be opened stays as it is. */
  open(type: string, part: SealedPart, body: Json): Promise<Json>;
  /** A text as it is stored: sealed when there is a key, else as it is. */
  sealText(what: SealedText, text: string): Promise<string>;
  /**
   * The text that was stored, sealed or not.
   * @throws HoldfastError `payload-sealed` when its key is missing
   */
  openText(what: SealedText, stored: string): Promise<string>;
}

/** All of a call. Waiting for each of a thousand costs more than preparing them. */
export async function prepareAll(
  items: readonly Enqueue[],
  vault: Vault | undefined,
): Promise<PreparedEnqueue[]> {
  const isReady = (item: Enqueue) =>
    item.unique?.fields === undefined && (vault === undefined || !holdsSecret(item, vault));
  if (items.every(isReady)) return items.map((item) => prepareEnqueue(item, plainKeyOf(item)));
  return Promise.all(items.map((item) => prepare(item, vault)));
}

/** What makes a promise unique is taken from its payload as it was given. */
export async function prepare(item: Enqueue, vault: Vault | undefined): Promise<PreparedEnqueue> {
  const uniqueKey = await uniqueKeyOf(item);
  return prepareEnqueue(vault === undefined ? item : await sealPromise(item, vault), uniqueKey);
}

/** A promise, or the template of one, as it is stored. */
export async function sealPromise<T extends NewPromise>(promise: T, vault: Vault): Promise<T> {
  const { type, payload, callbackUrl, origin } = promise;
  return {
    ...promise,
    ...(holdsSecretPayload(type, vault) && {
      payload: await sealPayload(type, payload ?? null, vault),
    }),
    ...(callbackUrl !== undefined && {
      callbackUrl: await vault.sealText('callback-url', callbackUrl),
    }),
    ...(origin !== undefined && { origin: await sealOrigin(origin, vault) }),
  };
}

function holdsSecret({ type, callbackUrl, origin }: NewPromise, vault: Vault): boolean {
  const isTold = callbackUrl !== undefined || origin?.channel === 'webhook';
  return isTold || holdsSecretPayload(type, vault);
}

/** True when a payload of this type is stored otherwise than it was given. */
function holdsSecretPayload(type: string, vault: Vault): boolean {
  return type === NOTIFY.type || vault.seals(type);
}

/** Of a notification the URL that it calls. */
export async function sealPayload(type: string, payload: Json, vault: Vault): Promise<Json> {
  if (vault.seals(type)) return vault.seal(type, 'payload', payload);
  const to = type === NOTIFY.type ? webhookOf(payload) : undefined;
  return to === undefined ? payload : { ...(payload as object), to: await sealOrigin(to, vault) };
}

async function sealOrigin(origin: Origin, vault: Vault): Promise<Origin> {
  if (origin.channel !== 'webhook') return origin;
  return { ...origin, url: await vault.sealText('origin-url', origin.url) };
}

/** Whom a notification is for, when that is a URL. */
function webhookOf(payload: Json): Origin | undefined {
  const { to } = (payload ?? {}) as { readonly to?: Partial<Origin> | null };
  const isWebhook = to?.channel === 'webhook' && typeof to.url === 'string';
  return isWebhook ? (to as Origin) : undefined;
}

type Settling = readonly [settlement: Settlement, held: HeldPromise];

/**
 * Settlements as they are stored. Waiting for each of a thousand costs more than
 * preparing them: only what is sealed, or makes children, is waited for.
 */
export async function prepareSettlements(
  settling: readonly Settling[],
  vault: Vault | undefined,
): Promise<PreparedSettlement[]> {
  const isReady = ([settlement, { type }]: Settling) =>
    childrenOf(settlement).length === 0 && vault?.seals(type) !== true;
  if (settling.every(isReady)) {
    return settling.map(([settlement, held]) => prepareSettlement(settlement, held));
  }
  return Promise.all(
    settling.map(async ([settlement, held]) => {
      const [stored, ...children] = await Promise.all([
        sealed(settlement, held.type, vault),
        ...childrenOf(settlement).map((child) => prepare(child, vault)),
      ]);
      return prepareSettlement(stored, held, children);
    }),
  );
}

function childrenOf(settlement: Settlement): readonly Enqueue[] {
  return settlement.outcome === 'complete' ? (settlement.children ?? []) : [];
}

async function sealed(
  settlement: Settlement,
  type: string,
  vault: Vault | undefined,
): Promise<Settlement> {
  if (vault?.seals(type) !== true) return settlement;
  if (settlement.outcome === 'complete') {
    return { ...settlement, result: await vault.seal(type, 'result', settlement.result ?? null) };
  }
  if (settlement.outcome !== 'snooze' || settlement.state === undefined) return settlement;
  return { ...settlement, state: await vault.seal(type, 'state', settlement.state) };
}

export async function openClaims(
  claims: readonly Claim[],
  vault: Vault | undefined,
): Promise<Claim[]> {
  return openAll(claims, ['payload', 'state'], vault);
}

export async function openPromises(
  promises: readonly PromiseRecord[],
  vault: Vault | undefined,
): Promise<PromiseRecord[]> {
  return openAll(promises, ['payload', 'result'], vault);
}

export async function openMade(
  made: readonly Enqueued[],
  vault: Vault | undefined,
): Promise<Enqueued[]> {
  const isSealed = ({ promise }: Enqueued) => vault?.seals(promise.type) === true;
  if (!made.some((one) => isSealed(one) || one.deduplicated)) return [...made];
  const promises = made.map(({ promise }) => promise);
  const opened = await openPromises(promises, vault);
  return made.map((one, at) => ({ ...one, promise: opened[at] ?? one.promise }));
}

export async function openParents(
  parents: readonly Parent[],
  vault: Vault | undefined,
): Promise<Parent[]> {
  return openAll(parents, ['result'], vault);
}

type Bodies = { readonly type: string } & Partial<Record<SealedPart, Json>>;

/** Nothing sealed costs a look at each. */
async function openAll<T extends { readonly type: string }>(
  rows: readonly T[],
  parts: readonly SealedPart[],
  vault: Vault | undefined,
): Promise<T[]> {
  const isSealed = (row: Bodies) => parts.some((part) => vault?.isSealed(row[part] ?? null));
  if (vault === undefined || !rows.some(isSealed)) return [...rows];
  return Promise.all(
    rows.map(async (row: T & Bodies) => {
      let opened: T = row;
      for (const part of parts) {
        const body = row[part];
        if (body === undefined || !vault.isSealed(body)) continue;
        opened = { ...opened, [part]: await vault.open(row.type, part, body) };
      }
      return opened;
    }),
  );
}
