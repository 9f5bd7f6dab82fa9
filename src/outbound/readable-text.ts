import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom/worker';

/** What a person reads of a page. */
export interface ReadableText {
  /** Null when it has none. */
  readonly title: string | null;
  readonly text: string;
}

/**
 * The article of an HTML page, or all of its words where no article is found. Works while
 * others wait: give it at most a megabyte.
 */
export function readableText(html: string): ReadableText {
  const { document } = parseHTML(framed(html));
  const title = tidy(document.querySelector('title')?.textContent ?? '') || null;
  for (const unread of document.querySelectorAll('title, script, style, noscript, template')) {
    unread.remove();
  }
  const whole = tidy(document.body.textContent ?? '');
  return { title, text: articleOf(document as unknown as ReadabilityDocument) || whole };
}

/** Browsers make a frame of whatever is there; for this parser it must be there, and whole. */
function framed(html: string): string {
  const inner = html.replaceAll(/<!doctype[^>]*>|<\/?(?:html|head|body)(?:\s[^>]*)?>/gi, '');
  return `<html><head></head><body>${inner}</body></html>`;
}

/** Empty where none is found, or the page is such a muddle that looking for one fails. */
function articleOf(document: ReadabilityDocument): string {
  try {
    return tidy(new Readability(document).parse()?.textContent ?? '');
  } catch {
    return '';
  }
}

/** What the library's types call a document: this project has no types of browsers. */
type ReadabilityDocument = ConstructorParameters<typeof Readability>[0];

/** Lines without space at their ends, at most one empty one in a row. */
function tidy(text: string): string {
  return text
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}
