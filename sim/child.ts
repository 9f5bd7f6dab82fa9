/** A process that plays the seeds it is given, until nobody gives it any. */
import { playSeeds, type SeedRange } from './seeds.js';

process.on('message', (range: SeedRange) => {
  void playSeeds(range).then((report) => process.send?.(report));
});
