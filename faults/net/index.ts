import { migrate } from '../../src/db/index.js';
import { promiseMigrations } from '../../src/promises/index.js';
import { startSqld } from '../../test/support/sqld.js';
import { withQueue } from '../queue.js';
import { type Cell, underFault } from './matrix.js';
import { NET_FAULTS, type NetFault } from './network.js';

/** Faults that are made at once, each on a network of its own: most of the time is spent waiting. */
const AT_ONCE = 7;

/** `npm run faults net`: each operation of the engine under each fault of the network. */
export async function run(): Promise<boolean> {
  const sqld = await startSqld();
  try {
    await withQueue(sqld.url, (database) => migrate(database, promiseMigrations));
    const faults = Object.keys(NET_FAULTS) as NetFault[];
    const cells: Cell[] = [];
    for (let start = 0; start < faults.length; start += AT_ONCE) {
      const some = faults.slice(start, start + AT_ONCE).map((fault) => underFault(sqld.url, fault));
      cells.push(...(await Promise.all(some)).flat());
    }
    for (const fault of faults)
      tell(
        fault,
        cells.filter((cell) => cell.fault === fault),
      );
    const wrong = cells.filter((cell) => cell.wrong !== undefined);
    for (const { operation, fault, wrong: what } of wrong)
      console.log(`FAULT: ${operation} under ${fault}: ${what}`);
    console.log(`${cells.length} operations under faults, ${wrong.length} faults`);
    return wrong.length === 0;
  } finally {
    await sqld.stop();
  }
}

function tell(fault: NetFault, cells: readonly Cell[]): void {
  const outcomes = new Map<string, number>();
  for (const { outcome } of cells) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const told = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const [callMs, healedMs] = [cells.map((cell) => cell.callMs), cells.map((cell) => cell.healedMs)];
  console.log(
    `${fault} (${NET_FAULTS[fault]}): ${told}; longest call ${Math.max(...callMs)} ms, well again after ${Math.max(...healedMs)} ms at most`,
  );
}
