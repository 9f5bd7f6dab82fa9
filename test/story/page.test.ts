import { existsSync } from 'node:fs';
import { chromium, type Locator } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { tempDir } from '../support/temp-dir.js';
import { startProcess } from './server-process.js';

const BROWSER = '/usr/bin/chromium';

const shown = (locator: Locator) => locator.waitFor({ state: 'visible' });

/** Elsewhere the browser may live in another place; the build installs it here. */
test.runIf(existsSync(BROWSER) || process.env.CI)(
  'a person signs in and sees the service, without a fault in the console',
  async () => {
    const server = await startProcess(tempDir());
    const { body } = await server.ask('POST', '/v1/promises', { type: 'echo', payload: 1 });
    await server.ask('GET', `/v1/promises/${body.id}?wait=10s`);
    const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ javaScriptEnabled: false });
    const faults: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    page.on('requestfailed', (request) => faults.push(request.url()));

    await page.goto(server.url);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.getByLabel('API key').fill(server.key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    // Leaving a page that is still loading would count as a failed request of it.
    await page.waitForLoadState('load');
    expect(new URL(page.url()).pathname).toBe('/');
    await shown(page.getByRole('cell', { name: body.id }));
    await shown(page.getByText('completed', { exact: true }).first());
    for (const heading of ['Promises', 'Recent promises', 'Databases', 'Maintenance']) {
      await shown(page.getByRole('heading', { name: heading, exact: true }));
    }

    await page.getByRole('link', { name: 'API reference' }).click();
    await shown(page.getByRole('heading', { name: 'Holdfast: API reference' }));
    await page.waitForLoadState('load');
    await page.goBack();
    await page.waitForLoadState('load');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForLoadState('load');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.goto(server.url);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    expect(faults).toEqual([]);
  },
);
