import { defineConfig } from 'holdfast';
import { digest, watch } from './watch.js';

export default defineConfig({ tasks: [watch, digest] });
