import { defineConfig } from 'holdfast';
import { greet } from './greet.js';
import { remind } from './remind.js';

export default defineConfig({
  tasks: [greet, remind],
  // Stand in for environment variables that are not set; secrets do not belong here.
  settings: { HOLDFAST_CONCURRENCY: '8' },
});
