#!/usr/bin/env node
// Runs the sources as they are: no build step stands between `npm install` and the first run.
import { register } from 'node:module';
import { register as registerTsx } from 'tsx/esm/api';

registerTsx({ tsconfig: false });
// Registered last, asked first.
register('./typescript-is-esm.mjs', import.meta.url);
const { main } = await import('../src/cli/index.js');
await main(process.argv);
