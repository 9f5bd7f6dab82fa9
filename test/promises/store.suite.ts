import { expect, it } from 'vitest';
import { cancelRetryContract } from './cancel-retry.suite.js';
import { claimingContract } from './claiming.suite.js';
import { make, type Open } from './fixture.js';
import { makingContract } from './making.suite.js';
import { recoveryContract } from './recovery.suite.js';
import { retentionContract } from './retention.suite.js';
import { settlingContract } from './settling.suite.js';

/** The contract that the store keeps on every topology. */
export function storeContract(open: Open): void {
  makingContract(open);
  claimingContract(open);
  settlingContract(open);
  cancelRetryContract(open);
  recoveryContract(open);
  retentionContract(open);

  it('tells listeners of its own changes', async () => {
    const { store } = await open();
    let calls = 0;
    const stop = store.onChange(() => {
      calls += 1;
    });
    await store.enqueue([make()]);
    expect(calls).toBeGreaterThan(0);
    stop();
  });
}
