#!/usr/bin/env node
// Runs the sources as they are: no build step stands between `npm install` and the first run.
import { register } from 'tsx/esm/api';

register({ tsconfig: false });
const { main } = await import('../src/cli/index.js');
await main(process.argv);
