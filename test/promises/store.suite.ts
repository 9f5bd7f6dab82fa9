import { expect, it } from 'vitest';
import { cancelRetryContract } from './cancel-retry.suite.js';
import { changeContract } from './change.suite.js';
import { childrenContract } from './children.suite.js';
import { claimingContract } from './claiming.suite.js';
import { dependenciesContract } from './dependencies.suite.js';
import { explainContract } from './explain.suite.js';
import { make, type Open } from './fixture.js';
import { limitsContract } from './limits.suite.js';
import { makingContract } from './making.suite.js';
import { recoveryContract } from './recovery.suite.js';
import { retentionContract } from './retention.suite.js';
import { settlingContract } from './settling.suite.js';
import { uniqueContract } from './unique.suite.js';

/** The contract that the store keeps on every topology. */
export function storeContract(open: Open): void {
  makingContract(open);
  uniqueContract(open);
  claimingContract(open);
  childrenContract(open);
  changeContract(open);
  dependenciesContract(open);
  limitsContract(open);
  explainContract(open);
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
