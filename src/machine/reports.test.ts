import { describe, expect, it } from 'vitest';
import { parseJunit } from './junit.js';
import { parseTap } from './tap.js';

const told = (cases: readonly { status: string; name: string }[]) =>
  cases.map(({ status, name }) => `${status}: ${name}`);

describe('a JUnit report', () => {
  it.each([
    ['nothing at all', ''],
    ['text', 'all is well'],
    ['other XML', '<html><body/></html>'],
    ['one that was cut off', '<testsuites><testsuite name="a"><testcase name="b">'],
  ])('is refused when it is %s', (_what, xml) => {
    expect(() => parseJunit(xml)).toThrow(expect.objectContaining({ code: 'run-failed' }));
  });

  it('tells of tests in suites of suites, with what failed', () => {
    const cases = parseJunit(`<?xml version="1.0"?>
<testsuites><testsuite name="outer" file="a.test.ts">
  <testcase name="adds" classname="math" time="0.25"/>
  <testsuite name="inner">
    <testcase name="1 &lt; 2 &amp; more"><failure message="expected 1">expected 1
 at a.test.ts:3</failure><system-out><![CDATA[seen <this>]]></system-out></testcase>
    <testcase name="waits" file="b.test.ts"><skipped/></testcase>
    <testcase name="breaks"><error message="no such file"/></testcase>
  </testsuite></testsuite></testsuites>`);
    expect(told(cases)).toEqual([
      'passed: adds',
      'failed: 1 < 2 & more',
      'skipped: waits',
      'failed: breaks',
    ]);
    expect(cases[0]).toMatchObject({ file: 'a.test.ts', durationMs: 250 });
    expect(cases[1]).toMatchObject({
      message: 'expected 1\n at a.test.ts:3',
      output: 'seen <this>',
    });
    expect(cases[2]?.file).toBe('b.test.ts');
    expect(cases[3]?.message).toBe('no such file');
  });

  it('that was written without tests has none', () => {
    expect(parseJunit('<testsuites tests="0"/>')).toEqual([]);
  });

  it('grows by no entities of its own', () => {
    const bomb = `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(1_000)}"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>
<testsuites><testsuite><testcase name="${'&c;'.repeat(1_000)}"/></testsuite></testsuites>`;
    let longest = 0;
    try {
      longest = Math.max(...parseJunit(bomb).map(({ name }) => name.length));
    } catch {}
    expect(longest).toBeLessThan(200_000);
  });
});

describe('a TAP report', () => {
  it.each([
    ['nothing at all', ''],
    ['text', 'all is well\n'],
    ['of a run that was given up', 'TAP version 13\nBail out! no database\n'],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => parseTap(text)).toThrow(expect.objectContaining({ code: 'run-failed' }));
  });

  it('tells of tests and subtests, each once', () => {
    const cases = parseTap(`TAP version 13
# Subtest: outer
    # Subtest: inner
    ok 1 - inner
      ---
      duration_ms: 12.5
      ...
    not ok 2 - other
      ---
      error: '1 == 2'
      stack: 'at a.test.js:4'
      ...
    1..2
not ok 1 - outer
ok 2 - plain
ok 3 - later # TODO
ok 4 - away # SKIP no network
1..4
`);
    expect(told(cases)).toEqual([
      'passed: outer > inner',
      'failed: outer > other',
      'passed: plain',
      'skipped: later',
      'skipped: away',
    ]);
    expect(cases[0]?.durationMs).toBe(13);
    expect(cases[1]?.message).toBe('1 == 2\nat a.test.js:4');
  });

  it('whose plan does not come true has a failure of its own', () => {
    expect(told(parseTap('1..3\nok 1 - one\n'))).toEqual([
      'passed: one',
      'failed: the report itself',
    ]);
  });
});
