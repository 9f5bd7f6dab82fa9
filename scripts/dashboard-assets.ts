/**
 * Writes what browsers load for the pages into functions/dashboard/assets.ts, as texts: a Worker
 * has no files to read, and no page may load anything from elsewhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const ROOT = new URL('../', import.meta.url);
const OUT = new URL('functions/dashboard/assets.ts', ROOT);

const SOURCES = {
  UPLOT_JS: 'node_modules/uplot/dist/uPlot.iife.min.js',
  UPLOT_CSS: 'node_modules/uplot/dist/uPlot.min.css',
  CHARTS_JS: 'functions/dashboard/browser/charts.js',
};

/** The file as it should be. */
export function dashboardAssets(): string {
  const constants = Object.entries(SOURCES).map(([name, path]) => {
    const text = readFileSync(new URL(path, ROOT), 'utf8');
    return `/** ${path} */\nexport const ${name} = ${JSON.stringify(text)};\n`;
  });
  return `// Made by \`npm run dashboard-assets\`.\n\n${constants.join('\n')}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(OUT, dashboardAssets());
}
