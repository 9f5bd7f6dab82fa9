import { Databases } from './databases.js';
import { type Cell, underFault } from './matrix.js';
import { meetingsOf } from './meeting.js';
import { NET_FAULTS, type NetFault } from './network.js';
import { type Rehearsed, rehearse } from './rehearsal.js';

/** `npm run faults net`: each operation of the engine under each fault of the network. */
export async function run(): Promise<boolean> {
  const databases = await Databases.start();
  try {
    const rehearsed = await rehearse(databases);
    const meetings = meetingsOf(rehearsed);
    const faults = Object.keys(NET_FAULTS) as NetFault[];
    // At once, each on a network of its own: most of the time is spent waiting.
    const met = await Promise.all(faults.map((fault) => underFault(databases, fault, meetings)));
    const cells = met.flat();
    for (const fault of faults)
      tell(
        fault,
        cells.filter((cell) => cell.fault === fault),
      );
    const unmet = faults.length * meetings.length - cells.length;
    const wrong = [
      ...rehearsed.flatMap(toldOf),
      ...cells.flatMap(toldOfCell),
      ...(unmet > 0 ? [`${unmet} did not come about: the server let no write through`] : []),
    ];
    for (const one of wrong) console.log(`FAULT: ${one}`);
    console.log(
      `${rehearsed.length} operations, ${cells.length} times under a fault, ${wrong.length} faults`,
    );
    return wrong.length === 0;
  } finally {
    await databases.stop();
  }
}

function toldOf({ operation, wrong }: Rehearsed): string[] {
  return wrong === undefined ? [] : [`${operation}: ${wrong}`];
}

function toldOfCell({ operation, fault, from, wrong, late }: Cell): string[] {
  const where = `${operation} under ${fault} from its first ${from}`;
  return [...wrong, ...late].map((what) => `${where}: ${what}`);
}

function tell(fault: NetFault, cells: readonly Cell[]): void {
  const outcomes = new Map<string, number>();
  for (const { outcome } of cells) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const told = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const most = (of: 'callMs' | 'operationMs' | 'healedMs') =>
    Math.max(...cells.map((cell) => cell[of]));
  console.log(
    `${fault} (${NET_FAULTS[fault]}): ${told}; longest call ${most('callMs')} ms, longest operation ${most('operationMs')} ms, well again after ${most('healedMs')} ms at most`,
  );
}
