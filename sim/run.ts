import { play } from './play.js';
import { openStage } from './stage.js';
import { driven } from './take-over.js';

const stage = await driven(openStage());
const first = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 100);
const t = performance.now();
const c0 = process.cpuUsage();
let steps = 0,
  bad = 0;
for (let seed = first; seed < first + n; seed++) {
  const r = await play(stage, seed);
  steps += r.steps;
  if (r.violation) {
    bad++;
    if (bad < 4) {
      console.log('seed', seed, r.violation);
      if (process.argv[4]) console.log(r.world.trace.text(Number(process.argv[4])));
    }
  }
}
const c = process.cpuUsage(c0);
console.log({
  n,
  bad,
  steps,
  ms: (performance.now() - t) / n,
  cpu: (c.user + c.system) / 1000 / n,
});
