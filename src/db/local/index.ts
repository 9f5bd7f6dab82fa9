export { openLocal } from './open-local.js';
