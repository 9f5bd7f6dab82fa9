export { inspectFile } from './aside/inspect-file.js';
export { createLocalClient } from './create-local-client.js';
export { expectedParts } from './expected-parts.js';
export { openLocal } from './open-local.js';
