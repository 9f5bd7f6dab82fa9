import type { Page } from '../http/http-context.js';
import { CHARTS_JS, UPLOT_CSS, UPLOT_JS } from './assets.js';

const ASSETS = [
  ['/assets/uplot.js', 'text/javascript; charset=utf-8', UPLOT_JS],
  ['/assets/uplot.css', 'text/css; charset=utf-8', UPLOT_CSS],
  ['/assets/charts.js', 'text/javascript; charset=utf-8', CHARTS_JS],
] as const;

/** What pages load beside themselves: public code, and nothing of this service. */
export const assetPages: readonly Page[] = ASSETS.map(([path, type, text]) => ({
  method: 'get',
  path,
  handle: (context) =>
    context.body(text, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=3600' }),
}));
