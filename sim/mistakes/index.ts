import { CLIENT_MISTAKES } from './client.js';
import type { Mistake } from './mistake.js';
import { STATEMENT_MISTAKES } from './statements.js';

export type { Meddling, Mistake } from './mistake.js';

/** Each of them is found by the simulator, or the simulator is of no use. */
export const MISTAKES: readonly Mistake[] = [...STATEMENT_MISTAKES, ...CLIENT_MISTAKES];
