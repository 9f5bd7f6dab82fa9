import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** For browsers, minified, in bytes. */
function sizeOf(names: string): number {
  const input = `import { ${names} } from './src/client/index.ts'; console.log(${names});`;
  const args = ['--bundle', '--minify', '--format=esm', '--platform=browser', '--loader=ts'];
  const bundle = execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), args, { cwd: ROOT, input });
  expect(bundle.toString()).not.toContain('ZodError');
  return bundle.length;
}

test('the client is as small as its page says, and brings no schemas', () => {
  expect(sizeOf('createClient')).toBeLessThan(12_500);
  expect(sizeOf('createClient, Worker')).toBeLessThan(32_500);
});
