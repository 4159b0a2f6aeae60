/** Draws docs/images/report-*.png anew with KUBELATCH_PICTURES=draw (npm run pictures); otherwise only sees that they are there and small. */
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { formattedReport } from '../../src/report/formats.js';
import { plainStyle } from '../../src/report/style.js';
import { project } from '../source-file.js';
import { openPage, visit } from './browser.js';
import { fleetAudit, fleetPlan, fleetRun } from './fleet-sample.js';

const pictures = ['light', 'dark', 'evidence', 'run'] as const;
const pathOf = (name: string): string => join(project, 'docs/images', `report-${name}.png`);
const options = { text: { width: 80, style: plainStyle }, time: '2026-11-23T05:01:04Z' };

/** What is done before each picture, in the page. */
const before: Readonly<Record<(typeof pictures)[number], string>> = {
  light: 'document.querySelector(".filters").scrollIntoView()',
  dark: 'document.querySelector(".filters").scrollIntoView()',
  evidence: 'document.querySelector("[role=grid] td button.fail").click()',
  run: '[...document.querySelectorAll("h2")].at(-2).scrollIntoView()',
};

async function draw(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-pictures-'));
  const page = await openPage();
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, formattedReport('html', [fleetAudit(60), fleetPlan(4), fleetRun(8)], options));
    const size = { width: 1200, height: 800, deviceScaleFactor: 1, mobile: false };
    await page.send('Emulation.setDeviceMetricsOverride', size);
    for (const name of pictures) {
      const value = name === 'dark' ? 'dark' : 'light';
      await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] });
      await visit(page, pathToFileURL(file).href);
      await page.evaluate(before[name]);
      const { data } = await page.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: false });
      writeFileSync(pathOf(name), Buffer.from(String(data), 'base64'));
    }
  } finally {
    await page.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

it('the pictures of the page are there, and small', { timeout: 60_000 }, async () => {
  if (process.env['KUBELATCH_PICTURES'] === 'draw') await draw();
  for (const name of pictures) {
    expect(existsSync(pathOf(name)), pathOf(name)).toBe(true);
    expect(statSync(pathOf(name)).size).toBeLessThan(150_000);
  }
});
