import { expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.js';

/** How many retries there are until there is nothing left to spend. */
function spent(budget: RetryBudget): number {
  let retries = 0;
  while (retries < 100 && budget.spend()) retries += 1;
  return retries;
}

it('has five retries before any call was made', () => {
  expect(spent(new RetryBudget())).toBe(5);
});

it('earns one retry with ten calls', () => {
  const budget = new RetryBudget();
  spent(budget);
  for (let calls = 0; calls < 9; calls += 1) budget.called();
  expect(budget.spend()).toBe(false);
  budget.called();
  expect(spent(budget)).toBe(1);
});

it('saves no more than five, however many calls went well', () => {
  const budget = new RetryBudget();
  for (let calls = 0; calls < 1_000; calls += 1) budget.called();
  expect(spent(budget)).toBe(5);
});
