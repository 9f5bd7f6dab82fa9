#!/usr/bin/env node
// Runs the sources as they are: no build step stands between `npm install` and the first run.
import '../src/cli/typescript.mjs';

await import('../src/cli/command.js');
