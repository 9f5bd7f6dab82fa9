import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readableText } from './readable-text.js';

const PARAGRAPH =
  'The harbour was quiet that morning, and the boats lay still in the water. '.repeat(6);

const PAGE = `<!doctype html><html><head><title>Harbour news</title><style>p{}</style></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<article><h1>The quiet harbour</h1><p>${PARAGRAPH}</p><p>${PARAGRAPH}</p>
<script>track("reader")</script><p>&Uuml;ber all  this&nbsp;stood a  gull.</p></article>
<footer>Subscribe to our newsletter</footer></body></html>`;

test('of a page its article is read, without what stands around it', () => {
  const { title, text } = readableText(PAGE);
  expect(title).toBe('Harbour news');
  expect(text).toContain('the boats lay still');
  expect(text).toContain('Über all this stood a gull.');
  expect(text).not.toMatch(/Subscribe|About us|track|<p>/);
});

test('of what is no article all words are read, and of nothing nothing', () => {
  expect(readableText('<p>one</p><script>two</script><p>three</p>').text).toMatch(/^one\s*three$/);
  expect(readableText('plain words')).toEqual({ title: null, text: 'plain words' });
  expect(readableText('')).toEqual({ title: null, text: '' });
  expect(readableText('<html><body><div><b>unclosed').text).toBe('unclosed');
});

test('a page without its frame is read all the same', () => {
  const article = `<article><p>${PARAGRAPH}</p></article>`;
  for (const page of [
    `<!DOCTYPE html><title>T</title>${article}`,
    `<html lang=en><title>T</title><nav>Menu</nav>${article}`,
    `<html><head><title>T</title></head>${article}`,
    `<body class="x"><title>T</title>${article}`,
  ]) {
    expect(readableText(page)).toEqual({ title: 'T', text: PARAGRAPH.trim() });
  }
});

test('no page makes it fail', () => {
  const tag = fc.constantFrom(
    'html',
    'body',
    'title',
    'p',
    'div',
    'script',
    'table',
    'br',
    'svg',
    '!--',
    '![CDATA[',
  );
  const piece = fc.oneof(
    tag.map((name) => `<${name}>`),
    tag.map((name) => `</${name}`),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expect(typeof readableText(pieces.join('')).text).toBe('string');
    }),
  );
});
