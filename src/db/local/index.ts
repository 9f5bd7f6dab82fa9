export { inspectFile } from './aside/inspect-file.js';
export { type CheckedCopy, checkCopy } from './copy/check-copy.js';
export { copyFile } from './copy/copy-file.js';
export { copyServer } from './copy/copy-server.js';
export { assertUnused, putBack } from './copy/put-back.js';
export { putOnServer } from './copy/put-on-server.js';
export { createLocalClient } from './create-local-client.js';
export { expectedParts } from './expected-parts.js';
export { openLocal } from './open-local.js';
