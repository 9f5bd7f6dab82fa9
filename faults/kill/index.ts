import { parseArgs } from 'node:util';
import { buildPrograms } from '../../test/support/program.js';
import { atExit } from '../at-exit.js';
import { makePlace, type PlaceKind } from '../place.js';
import { type CampaignReport, campaign } from './campaign.js';
import { KILLED } from './programs.js';

/** Kills of one database: then another is made, so that the last look does not grow. */
const CAMPAIGN_KILLS = 100;
const LINE_MAX = 400;

/** `npm run faults kill -- --kills N`: half of them on a file, half on a libsql-server. */
export async function run(options: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: options,
    options: { kills: { type: 'string', default: '50' } },
  });
  const kills = Number(values.kills);
  if (!Number.isSafeInteger(kills) || kills < 2) {
    console.error(
      `--kills must be a whole number from 2 (received ${JSON.stringify(values.kills)})`,
    );
    return false;
  }
  const startedAt = performance.now();
  const programs = await buildPrograms(KILLED);
  const removePrograms = atExit(() => programs.remove());
  let [done, faults] = [0, 0];
  const campaigns = async (kind: PlaceKind, share: number) => {
    for (let left = share; left > 0; ) {
      const place = await makePlace(kind);
      try {
        const report = await campaign(place, Math.min(CAMPAIGN_KILLS, left), programs.paths);
        left -= report.kills;
        done += report.kills;
        faults += report.faults.length;
        tell(kind, report);
      } finally {
        await place.close();
      }
    }
  };
  try {
    // Side by side: each waits for leases to end, and for processes to begin.
    const both = await Promise.allSettled([
      campaigns('file', Math.floor(kills / 2)),
      campaigns('sqld', Math.ceil(kills / 2)),
    ]);
    for (const one of both) if (one.status === 'rejected') throw one.reason;
  } finally {
    removePrograms();
  }
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.log(`${done} kills in ${seconds} s, ${faults} faults`);
  return faults === 0;
}

function tell(kind: string, { kills, of, told, seen, faults }: CampaignReport): void {
  const listed = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const acknowledged = { engines: told.made.size, http: told.posted.size };
  console.log(
    `${kind}: ${kills} kills (${listed(of)}); acknowledged ${listed(acknowledged)}; ${listed(seen)}`,
  );
  for (const text of told.refusals()) console.log(`  ${text.slice(0, LINE_MAX)}`);
  for (const fault of faults.slice(0, 20)) console.log(`  FAULT: ${fault.slice(0, LINE_MAX)}`);
}
