import { type HoldfastConfig, parseConfig } from '../../functions/config.js';
import { readSettings } from '../../functions/env.js';
import { type Check, verify } from '../../functions/verify.js';

export interface VerifyArguments {
  readonly json?: boolean;
  readonly promise: boolean;
}

/** Tells what a deployment with these settings would meet. The exit code is 1 when there is a fault. */
export async function runVerify(
  env: Readonly<Record<string, unknown>>,
  config: HoldfastConfig,
  { json = false, promise }: VerifyArguments,
): Promise<void> {
  const { settings: defaults, tasks } = parseConfig(config);
  const settings = readSettings(env, 'node', defaults);
  const checks = await verify({ settings, tasks, promise });
  const faults = checks.filter(({ state }) => state === 'fault' || state === 'skipped').length;
  if (json) console.log(JSON.stringify({ ok: faults === 0, checks }, null, 2));
  else {
    for (const check of checks) console.log(lineOf(check));
    console.log(faults === 0 ? 'Verified.' : `Not verified: ${faults} of ${checks.length} checks.`);
  }
  if (faults > 0) process.exitCode = 1;
}

function lineOf({ name, state, found, advice }: Check): string {
  const line = `${state.padEnd(7)} ${name}: ${found}`;
  return advice === '' ? line : `${line}\n        do: ${advice}`;
}
