import type { HoldfastConfig } from '../../functions/config.js';
import { type RunningServer, startServer } from '../../functions/server.js';
import { VERSION } from '../../functions/version.js';

const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Runs the service until a signal stops it; resolves once it listens. */
export async function runStart(
  env: Readonly<Record<string, unknown>>,
  config: HoldfastConfig,
): Promise<void> {
  // Whoever read the output may go away before the service does: no reason to drop what runs.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const server = await startServer(env, config);
  let isStopping = false;
  for (const [signal, number] of Object.entries(STOP_SIGNALS)) {
    process.on(signal, () => {
      // Whoever asks a second time does not want to wait: what still runs is recovered at the next start.
      if (isStopping) process.exit(128 + number);
      isStopping = true;
      void stop(server);
    });
  }
  // Last: whoever reads it may stop the service at once.
  console.log(greeting(server));
}

async function stop(server: RunningServer): Promise<void> {
  console.log('Stopping: what runs may end.');
  try {
    await server.stop();
    console.log('Stopped.');
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}

function greeting({ url, settings, localKey }: RunningServer): string {
  const key = localKey ?? '$HOLDFAST_API_KEY';
  return [
    `Holdfast ${VERSION} is at ${url}`,
    `Databases: ${settings.QUEUE_DATABASE_URL} and ${settings.SYSTEM_DATABASE_URL}`,
    localKey === undefined ? 'API key: HOLDFAST_API_KEY' : `API key, for local use: ${localKey}`,
    'Try:',
    `  curl -s ${url}/v1/promises -H "Authorization: Bearer ${key}" \\`,
    `    -H 'Content-Type: application/json' -d '{"type":"echo","payload":"hello"}'`,
    `Status page: ${url}/  API reference: ${url}/docs`,
  ].join('\n');
}
