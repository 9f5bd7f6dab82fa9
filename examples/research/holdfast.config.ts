import { defineConfig } from 'holdfast';
import { readingList, research } from './research.js';

export default defineConfig({ tasks: [research, readingList] });
