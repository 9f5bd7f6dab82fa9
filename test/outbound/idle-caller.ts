/** A process that makes one call and then has nothing to do; `close` as second argument closes. */
import { createOutbound } from '../../src/outbound/index.js';

const [url = '', close] = process.argv.slice(2);
const outbound = createOutbound({ allowHosts: ['127.0.0.1'] });
const { text } = await outbound.fetch(url, { timeoutMs: 60_000 });
process.stdout.write(text);
if (close === 'close') await outbound.close();
