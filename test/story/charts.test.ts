import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { startProcess } from './server-process.js';

const BROWSER = '/usr/bin/chromium';

/** Elsewhere the browser may live in another place; the build installs it here. */
test.runIf(existsSync(BROWSER) || process.env.CI)(
  'charts of what was kept are drawn in a browser, with nothing from elsewhere',
  async () => {
    const server = await startProcess(tempDir());
    const { body } = await server.ask('POST', '/v1/promises', { type: 'echo', payload: 1 });
    await server.ask('GET', `/v1/promises/${body.id}?wait=10s`);
    // The tick of the start has noted something; it need not be this promise.
    const noted = async () => (await server.ask('GET', '/v1/telemetry/history')).body.data.length;
    await expect.poll(noted, { timeout: 30_000 }).toBeGreaterThan(0);

    const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) {
        faults.push(request.url());
      }
    });
    await page.goto(server.url);
    await page.getByLabel('API key').fill(server.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('#chart-promises canvas');
    expect(await page.locator('.charts canvas').count()).toBe(5);
    const inked = await page.locator('#chart-sizes canvas').evaluate((canvas) => {
      const { width, height } = canvas as unknown as { width: number; height: number };
      // biome-ignore lint/suspicious/noExplicitAny: the types of browsers are not loaded here
      const pixels = (canvas as any).getContext('2d').getImageData(0, 0, width, height).data;
      return new Set(pixels).size;
    });
    expect(inked).toBeGreaterThan(2);
    expect(await page.locator('#chart-sizes .u-legend').innerText()).toContain('memory');

    await page.getByRole('link', { name: 'a month' }).click();
    await page.waitForSelector('#chart-depth canvas');
    expect(new URL(page.url()).search).toBe('?range=month');
    expect(faults).toEqual([]);
  },
);
