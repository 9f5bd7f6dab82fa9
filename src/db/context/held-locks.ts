/** The locks that the calling code holds through the transaction callbacks it runs in. */
export interface HeldLocks {
  run<T>(lock: object, work: () => T): T;
  has(lock: object): boolean;
}
