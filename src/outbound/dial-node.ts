import { Agent, fetch } from 'undici';
import { checkedLookup } from './checked-lookup.js';
import type { CreateDial } from './dial.js';

/**
 * Node: every connection goes to an address that was checked. Idle sockets are
 * unreferenced by undici, so they do not keep a process alive. The environment's
 * proxy settings are not read: a proxy would connect where nothing is checked.
 */
export const createDial: CreateDial = (guard, resolve) => {
  const agent = new Agent({
    connect: { lookup: checkedLookup(guard, resolve), timeout: CONNECT_TIMEOUT_MS },
    // The caller's signal bounds the whole call; undici's own five minutes would cut longer ones.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    fetch: (url, { method, headers, body, signal }) =>
      fetch(url, {
        method,
        headers,
        signal,
        dispatcher: agent,
        redirect: 'manual',
        ...(body !== undefined && { body }),
      }),
    close: () => agent.destroy(),
  };
};

const CONNECT_TIMEOUT_MS = 10_000;
