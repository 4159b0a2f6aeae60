/** npm run bench: measures kubelatch, the floor and its peers on one fleet, in turn, and writes docs/performance.md. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bastionSectionOf, withBastionSection } from './bastion-page.js';
import { collect } from './collect.js';
import { growthChart } from './growth-chart.js';
import { buildMeasured } from './measure.js';
import { type Options, readOptions, usage } from './options.js';
import { page } from './page.js';
import { probeText } from './probe-text.js';
import { openRig } from './rig.js';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The page with the section that another run has written into the file. */
const withSectionOf = (file: string, text: string): string =>
  existsSync(file) ? withBastionSection(text, bastionSectionOf(readFileSync(file, 'utf8'))) : text;

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    process.stderr.write(`bench: ${reasonOf(error)}\n${usage}\n`);
    return 64;
  }
  // Children get the signal too; the run then ends by their failure, and the lab is taken down.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => say(`bench: ${signal}`));
  buildMeasured();
  const rig = await openRig(options.kind, await probeText());
  try {
    const figures = await collect(rig, options, say);
    const text = page(figures);
    if (options.report !== undefined) {
      writeFileSync(options.report, withSectionOf(options.report, text));
      const images = join(dirname(options.report), 'images');
      mkdirSync(images, { recursive: true });
      if (figures.growth.length > 0) writeFileSync(join(images, 'growth.svg'), growthChart(figures.growth));
    }
    say(options.report === undefined ? `\n${text}` : `${options.report} is written`);
  } finally {
    await rig.close();
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${reasonOf(error)}\n`);
  return 1;
});
