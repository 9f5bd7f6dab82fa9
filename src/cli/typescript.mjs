// Whoever imports this can import TypeScript from then on, once for the process.
import { register } from 'node:module';
import { register as registerTsx } from 'tsx/esm/api';

registerTsx({ tsconfig: false });
// Registered last, asked first.
register('./typescript-is-esm.mjs', import.meta.url);
