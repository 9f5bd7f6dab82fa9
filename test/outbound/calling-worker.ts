/** A Worker that makes the calls it is told to. */
import { HoldfastError } from '../../src/core/index.js';
import { createOutbound, type OutboundRequest } from '../../src/outbound/index.js';

export interface Call {
  readonly url: string;
  readonly allowHosts: readonly string[];
  readonly request?: OutboundRequest;
}

export default {
  async fetch(incoming: Request): Promise<Response> {
    const { url, allowHosts, request } = (await incoming.json()) as Call;
    try {
      return Response.json(await createOutbound({ allowHosts }).fetch(url, request));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      const { code, message, retryable, details } = error;
      return Response.json({ code, message, retryable, details });
    }
  },
};
