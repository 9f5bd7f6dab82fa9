import type { CreateDial } from './dial.js';

/**
 * workerd: the platform resolves names and tells nobody the address, so a name
 * cannot be checked after resolution nor pinned (docs/decisions/0010). `resolve`
 * has no use here.
 */
export const createDial: CreateDial = () => ({
  fetch: (url, { method, headers, body, signal }) =>
    fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    }),
  close: () => Promise.resolve(),
});
