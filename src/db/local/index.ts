export { createLocalClient } from './create-local-client.js';
export { openLocal } from './open-local.js';
