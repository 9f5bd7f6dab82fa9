/** A number in [0, 1): jitter only. What must be unguessable comes from WebCrypto. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
