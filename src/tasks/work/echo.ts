import { json } from '../../core/index.js';
import { defineTask } from '../task.js';

/** Returns its payload: a first promise that needs no target. */
export const echoTask = defineTask({ type: 'echo', input: json, run: (payload) => payload });
