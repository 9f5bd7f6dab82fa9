import { setTimeout as sleep } from 'node:timers/promises';

/** What every run of a campaign is: it takes a while, and fails now and then. */
export async function work(): Promise<void> {
  await sleep(Math.random() * 40);
  if (Math.random() < 0.1) throw new Error('it did not work');
}
