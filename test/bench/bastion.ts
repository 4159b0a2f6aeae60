/** npm run bench -- --bastion HOSTS [--report FILE]: audits a fleet behind real bastions, and writes a section of docs/performance.md. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bastionSection, withBastionSection } from './bastion-page.js';
import { type BastionRun, type Scenario, openBastionRig } from './bastion-rig.js';
import { buildMeasured } from './measure.js';

const scenarios: readonly Scenario[] = [
  { what: 'one', parallel: 32, hops: 1 },
  { what: 'one', parallel: 200, hops: 1 },
  { what: 'two, one behind the other', parallel: 32, hops: 2 },
  { what: 'one, gone for 5 s in the middle', parallel: 32, hops: 1, outage: 5 },
];

async function main(): Promise<number> {
  const options = { bastion: { type: 'string' }, report: { type: 'string', default: 'docs/performance.md' } } as const;
  const { bastion = '', report } = parseArgs({ options }).values;
  const hosts = /^[1-9]\d{0,4}$/.test(bastion) ? Number(bastion) : 0;
  if (hosts === 0) throw new RangeError(`--bastion is a number of hosts, not ${bastion}`);
  buildMeasured();
  const rig = openBastionRig();
  const runs: BastionRun[] = [];
  try {
    for (const scenario of scenarios) {
      const run = await rig.run(scenario, hosts);
      runs.push(run);
      process.stdout.write(`${JSON.stringify(run)}\n`);
    }
  } finally {
    rig.close();
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const [openssh = ''] = spawnSync('ssh', ['-V'], { encoding: 'utf8' }).stderr.split(/[ ,]/);
  const date = new Date().toISOString().slice(0, 10);
  const command = `npm run bench -- --bastion ${hosts}`;
  const section = bastionSection({ command, date, version, openssh, runs });
  if (report === '-') process.stdout.write(`\n${section}`);
  else writeFileSync(report, withBastionSection(readFileSync(report, 'utf8'), section));
  return runs.some(({ lost }) => lost > 0) ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
