import type { Guard } from './guard.js';

/** How one platform makes a call. The side is chosen by `imports` in package.json. */
export interface Dial {
  /** One exchange; a redirect is an answer like any other. Throws what its platform throws. */
  fetch(url: URL, request: DialRequest): Promise<DialResponse>;
  /** Ends every connection, also those in use. */
  close(): Promise<void>;
}

export type CreateDial = (guard: Guard, resolve?: ResolveHost) => Dial;

export interface DialRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

export interface DialResponse {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body: DialBody | null;
}

/** What both platforms' `ReadableStream` have. */
export interface DialBody {
  getReader(): DialReader;
}

export interface DialReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Every address of a host name, as `dns.lookup` gives them. */
export type ResolveHost = (hostname: string) => Promise<readonly ResolvedAddress[]>;

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}
