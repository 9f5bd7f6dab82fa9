/**
 * Records this tree as the last released version: the packed file and the schema that it has, for the
 * tests in `test/upgrades`, which run it beside what comes after. To be run when a version is released.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASED, schemaNow } from '../test/upgrades/released.js';

mkdirSync(RELEASED, { recursive: true });
for (const name of readdirSync(RELEASED)) rmSync(join(RELEASED, name), { recursive: true });
const pack = join(import.meta.dirname, 'pack.ts');
const tarball = execFileSync(process.execPath, ['--import', 'tsx', pack, RELEASED], {
  encoding: 'utf8',
}).trim();
rmSync(join(RELEASED, 'package'), { recursive: true });
writeFileSync(join(RELEASED, 'schema.json'), `${JSON.stringify(schemaNow(), null, 2)}\n`);
console.log(`recorded ${tarball}`);
