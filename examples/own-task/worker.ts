import { createHoldfast } from 'holdfast';
import config from './holdfast.config.js';

/** The same service as a Worker of one's own: `main` in wrangler.toml, with the cron `* * * * *`. */
export default createHoldfast(config);
