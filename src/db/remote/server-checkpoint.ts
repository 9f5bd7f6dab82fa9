import type { Checkpoint } from '../checkpoint.js';

/** A failed answer of the admin API, with its status for the classification of errors. */
class AdminError extends Error {
  constructor(readonly status: number) {
    super(`the admin API answered ${status}`);
  }
}

/** Asks a self-hosted server to checkpoint (R1). It does not say how much it did. */
export async function checkpointServer(
  adminUrl: string,
  namespace: string,
  fetch: (request: Request) => Promise<Response>,
  now: () => number,
): Promise<Checkpoint> {
  const path = `/v1/namespaces/${encodeURIComponent(namespace)}/checkpoint`;
  const startedAt = now();
  const response = await fetch(new Request(new URL(path, adminUrl), { method: 'POST' }));
  await response.text();
  if (!response.ok) throw new AdminError(response.status);
  const finishedAt = now();
  return {
    outcome: 'done',
    busy: false,
    logFrames: 0,
    checkpointedFrames: 0,
    walBytesBefore: null,
    walBytesAfter: null,
    durationMs: finishedAt - startedAt,
    finishedAt,
  };
}
