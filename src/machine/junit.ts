import { XMLParser } from 'fast-xml-parser';
import { HoldfastError, messageOf } from '../core/index.js';
import { msOfSeconds, SUITE_DEPTH_MAX, type TestCase } from './test-case.js';

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseAttributeValue: false,
  parseTagValue: false,
  isArray: (name) => LISTS.has(name),
});

const LISTS: ReadonlySet<string> = new Set([
  'testsuite',
  'testcase',
  'failure',
  'error',
  'system-out',
  'system-err',
]);

type Node = Readonly<Record<string, unknown>>;

/**
 * The tests of a JUnit XML report.
 * @throws HoldfastError `run-failed` when it is none
 */
export function parseJunit(xml: string): TestCase[] {
  let root: Node;
  try {
    root = parser.parse(xml, true) as Node;
  } catch (cause) {
    throw new HoldfastError('run-failed', `the report is no XML: ${messageOf(cause)}`, { cause });
  }
  const suites = root.testsuites === undefined ? root : asNode(root.testsuites);
  if (suites.testsuite === undefined && root.testsuites === undefined) {
    throw new HoldfastError('run-failed', 'the report is no JUnit XML: it has no testsuite');
  }
  return casesOf(suites, undefined, 0);
}

function casesOf(suite: Node, file: string | undefined, depth: number): TestCase[] {
  if (depth > SUITE_DEPTH_MAX) return [];
  const own = attribute(suite, 'file') ?? file;
  return [
    ...nodesOf(suite, 'testcase').map((one) => caseOf(one, own)),
    ...nodesOf(suite, 'testsuite').flatMap((one) => casesOf(one, own, depth + 1)),
  ];
}

function caseOf(one: Node, suiteFile: string | undefined): TestCase {
  const faults = [...nodesOf(one, 'failure'), ...nodesOf(one, 'error')];
  const isSkipped = 'skipped' in one;
  const written = [...nodesOf(one, 'system-out'), ...nodesOf(one, 'system-err')];
  return {
    name: attribute(one, 'name') ?? '',
    file: attribute(one, 'file') ?? suiteFile ?? attribute(one, 'classname'),
    status: faults.length > 0 ? 'failed' : isSkipped ? 'skipped' : 'passed',
    durationMs: msOfSeconds(attribute(one, 'time')),
    message: faults.map(messageOfFault).join('\n'),
    output: written.map(textOf).join('\n'),
  };
}

/** Reports say it in the attribute, in the text, or the beginning of the text in the attribute. */
function messageOfFault(fault: Node): string {
  const message = attribute(fault, 'message') ?? '';
  const text = textOf(fault).trim();
  if (text.includes(message)) return text;
  return text === '' ? message : `${message}\n${text}`;
}

function nodesOf(node: Node, name: string): Node[] {
  const value = node[name];
  return Array.isArray(value) ? value.map(asNode) : [];
}

/** An element without attributes and children is given as its text. */
function asNode(value: unknown): Node {
  return typeof value === 'object' && value !== null ? (value as Node) : { '#text': value };
}

function textOf(node: Node): string {
  const text = node['#text'];
  return text === undefined || text === null ? '' : String(text);
}

function attribute(node: Node, name: string): string | undefined {
  const value = node[`@${name}`];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
