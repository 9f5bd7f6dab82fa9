/** @jsxRuntime automatic */
/** @jsxImportSource hono/jsx */
import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HttpContext } from '../http/http-context.js';

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --good: #15803d; --bad: #b91c1c; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }
header { align-items: baseline; display: flex; flex-wrap: wrap; gap: 1rem; }
header form { margin-left: auto; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; padding: 0; }
.figures li { background: var(--soft); border-radius: .4rem; min-width: 7rem; padding: .5rem .8rem; }
.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
.charts h3 { margin: 0; }
.figures b { display: block; font-size: 1.4rem; }
code, pre { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--soft); border-radius: .4rem; padding: .6rem; white-space: pre-wrap; }
.good { color: var(--good); } .bad { color: var(--bad); }
input, button { border: 1px solid var(--line); border-radius: .3rem; font: inherit; padding: .3rem .6rem; }
input[type=password] { width: 100%; max-width: 30rem; }
`;

interface PageOptions {
  readonly title: string;
  readonly status?: ContentfulStatusCode;
  /** Seconds after which the browser loads the page anew. */
  readonly refreshSeconds?: number;
  /** Draws charts of the data that stands in the page: loads scripts and styles of this server. */
  readonly hasCharts?: boolean;
  readonly content: Child;
}

/** A whole page: one style, no script but that of charts, nothing from elsewhere. */
export function renderPage(
  context: HttpContext,
  { title, status = 200, refreshSeconds, hasCharts = false, content }: PageOptions,
): Response | Promise<Response> {
  const nonce = crypto.randomUUID();
  context.header(
    'Content-Security-Policy',
    `default-src 'none'; img-src data:; ${hasCharts ? "script-src 'self'; " : ''}style-src 'nonce-${nonce}'${hasCharts ? " 'self'" : ''}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  );
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <link rel="icon" href="data:," />

        {refreshSeconds === undefined ? null : (
          <meta http-equiv="refresh" content={String(refreshSeconds)} />
        )}
        <title>{title}</title>
        {hasCharts ? <link rel="stylesheet" href="/assets/uplot.css" /> : null}
        <style nonce={nonce}>{raw(STYLE)}</style>
      </head>
      <body>
        {content}
        {hasCharts ? <script src="/assets/uplot.js" /> : null}
        {hasCharts ? <script src="/assets/charts.js" /> : null}
      </body>
    </html>
  );
  return context.html(`<!doctype html>${page}`, status);
}
