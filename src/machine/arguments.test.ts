import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { argumentsOf } from './arguments.js';
import { pathInside } from './path-inside.js';

const strict = { shellSyntax: false };
const one = (value: unknown, options = strict) => argumentsOf(['{it}'], { it: value }, options);

describe('a parameter', () => {
  it.each([
    '; rm -rf /',
    '$(id)',
    '`id`',
    'a && b',
    'a | b',
    '> /etc/passwd',
    '*',
    '"',
    "'",
    '$HOME',
    '--output=/etc/passwd',
    '-rf',
    'a\nb',
    'a\u0000b',
  ])('that is %j is refused, and named', (value) => {
    expect(() => one(value)).toThrow(
      expect.objectContaining({
        code: 'input-invalid',
        message: expect.stringContaining('payload.parameters.it: '),
      }),
    );
  });

  it('may have shell syntax where the configuration says so, but begins no option', () => {
    expect(one('a && b', { shellSyntax: true })).toEqual(['a && b']);
    expect(() => one('-x', { shellSyntax: true })).toThrow('would be read as an option');
    expect(() => one('a\nb', { shellSyntax: true })).toThrow('control characters');
  });

  it('is one argument, whatever it holds, and several only when it is a list', () => {
    expect(one('two words')).toEqual(['two words']);
    expect(one(['a', 'b c'])).toEqual(['a', 'b c']);
    expect(one(-1)).toEqual(['-1']);
  });

  it('fills its place in an argument, and takes it away when it is left out', () => {
    const templates = ['-w', '--size={w}x{h}', '--quiet={quiet}', '{rest}', 'end'];
    expect(argumentsOf(templates, { w: 3, h: 4 }, strict)).toEqual(['-w', '--size=3x4', 'end']);
    expect(argumentsOf(['--name={it}'], { it: '-x' }, strict)).toEqual(['--name=-x']);
  });
});

describe('a path inside a directory', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-inside-'));
    mkdirSync(join(directory, 'in/deep'), { recursive: true });
    mkdirSync(join(directory, 'out'));
    writeFileSync(join(directory, 'in/a.txt'), '');
    symlinkSync(join(directory, 'out'), join(directory, 'in/leaving'));
    symlinkSync(join(directory, 'nowhere'), join(directory, 'in/broken'));
    symlinkSync(join(directory, 'in/deep'), join(directory, 'in/staying'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each([
    '../out',
    'deep/../../out',
    '/etc/passwd',
    '',
    'leaving',
    'leaving/new',
    'broken',
    '..',
  ])('is not %j', (path) => {
    expect(pathInside(join(directory, 'in')).safeParse(path).success).toBe(false);
  });

  it.each(['a.txt', 'deep', 'new/file.png', 'staying/file', '.'])('is %j', (path) => {
    const root = join(directory, 'in');
    expect(pathInside(root).parse(path)).toBe(join(root, path === '.' ? '' : path));
  });
});
