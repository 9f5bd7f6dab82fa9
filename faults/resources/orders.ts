/** What a process is told. */
export interface ResourceOrders {
  readonly url: string;
  /**
   * `fill`: makes promises, and says so, until it is killed; nothing is brought into the file.
   * `read`: opens a read transaction, and keeps it until it is told to let go.
   */
  readonly what: 'fill' | 'read';
}

/** What a process says. */
export type ResourceNews =
  | { readonly kind: 'made'; readonly ids: readonly string[] }
  | { readonly kind: 'reading' }
  /** It still saw what it saw at first. */
  | { readonly kind: 'read'; readonly isSame: boolean };

/** No task of a server: it is left for others. */
export const FILLED = 'filled';
