/** Random units, environment files, configurations and k3s files through the whole chain: nothing is thrown, and none takes long. */
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { findIneffectiveSettings } from '../../src/facts/not-in-effect.js';
import { planHost, completePlan } from '../../src/plan/host-plan.js';
import { type Finding, assess } from '../../src/playbook/assess.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import { environmentText, execStartText } from '../edit/flag-text.js';
import { header } from '../facts/config-texts/config-case.js';
import { type RandomTexts, randomTexts } from '../facts/config-texts/random.js';
import { factsOf, processOf } from '../nodes/facts-of.js';

const seed = Number(process.env['SEED'] ?? '8');
const count = Number(process.env['CASES'] ?? '2000');
const playbooks = ['baseline', 'cis-1.12'].map((name) =>
  parsePlaybook(name, readFileSync(new URL(`../../playbooks/${name}.yaml`, import.meta.url), 'utf8')),
);

const k3sLines = [
  ...[
    'kubelet-arg:\n- read-only-port=0\n',
    'kubelet-arg: *a\n',
    'x: &a [read-only-port=10255]\n',
    '- read-only-port: 1\n',
  ],
  ...[
    'kubelet-arg+: anonymous-auth=true\n',
    'disable-agent: true\n',
    'data-dir: /data\n',
    'kublet-arg: x\n',
    'profile: cis\n',
  ],
  ...[
    '<<: {kubelet-arg: a=b}\n',
    'kubelet-arg: [config=/c.yaml, "v=2"]\n',
    '---\n',
    '\t\n',
    '{[\n',
    'server: https://x:6443\n',
  ],
];
const mangled = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.nat(),
      fc.nat({ max: 40 }),
      fc.constantFrom('', '"', '\\', '\n', '\0', '{', '[*a', '\ufeff', '\u2028', '%', '$', '\ud800'),
    )
    .map(([at, cut, put]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + put + text.slice(from + cut);
    });
const oftenWhole = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  texts.chain((text) => fc.oneof({ weight: 3, arbitrary: fc.constant(text) }, { weight: 1, arbitrary: mangled(text) }));

const plainNode = fc
  .record({
    texts: randomTexts,
    exec: fc.option(
      execStartText.map(({ text }) => text),
      { nil: '/usr/bin/kubelet --config=/c.yaml --config-dir=/d $A', freq: 1 },
    ),
    environment: environmentText.map(({ text }) => text),
    isRunning: fc.boolean(),
  })
  .chain(({ texts, exec, environment, isRunning }) =>
    fc
      .tuple(
        oftenWhole(fc.constant(header + (texts.config ?? ''))),
        oftenWhole(
          fc.constant(`[Service]\nEnvironmentFile=-/etc/e.env\nEnvironment="A=${texts.flags}"\nExecStart=${exec}\n`),
        ),
        oftenWhole(fc.constant(environment)),
      )
      .map(([config, unit, env]) => nodeOf(texts, { config, unit, env, isRunning })),
  );

function nodeOf(
  texts: RandomTexts,
  { config, unit, env, isRunning }: { config: string; unit: string; env: string; isRunning: boolean },
): NodeFacts {
  const dropIns = Object.entries(texts.dropIns ?? {}).map(([name, text]) => [`/d/${name}`, header + text] as const);
  const files = {
    '/etc/systemd/system/kubelet.service': unit,
    '/etc/e.env': env,
    '/c.yaml': config,
    ...(Object.fromEntries(dropIns) as Record<string, string>),
  };
  return factsOf(files, { processes: isRunning ? [processOf(['/usr/bin/kubelet', '--config=/c.yaml'])] : [] });
}

const k3sNode = oftenWhole(fc.array(fc.constantFrom(...k3sLines), { maxLength: 6 }).map((lines) => lines.join(''))).map(
  (config): NodeFacts => {
    const path = '/etc/systemd/system/k3s.service';
    const unit = '[Service]\nType=notify\nExecStart=/usr/local/bin/k3s server --kubelet-arg=max-pods=5\n';
    const facts = factsOf({ [path]: unit, '/etc/rancher/k3s/config.yaml': config, '/c.yaml': header });
    const units = facts.units.map((one) => ({ ...one, name: 'k3s.service', fragmentPath: path }));
    return { ...facts, units };
  },
);

function chain(facts: NodeFacts): readonly Finding[] {
  const detected = detectDistro(facts);
  if (detected === undefined) return [];
  const { setup, distro } = detected;
  const view = { facts, setup, configz: undefined, kubeletVersion: undefined };
  const evidence = { clientCertificates: [], clusterCa: undefined };
  findIneffectiveSettings(facts, setup, undefined);
  completePlan(planHost({ host: 'n1', nodeName: 'n1', role: 'worker' }, view, distro, playbooks), evidence);
  const findings = playbooks.flatMap((one) => assess(view, one));
  // Where the files could not be understood, nothing passes by them.
  if (setup.sources.faults.some(({ kind }) => kind !== 'start')) {
    const byFiles = findings.filter(
      ({ status, source }) => status === 'pass' && /^(file|drop-in|default)$/.test(source?.kind ?? ''),
    );
    expect(byFiles, JSON.stringify(setup.sources.faults)).toEqual([]);
  }
  return findings;
}

it(`bears ${count} random nodes (SEED=${seed})`, () => {
  const slow: string[] = [];
  let judged = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 4, arbitrary: plainNode }, { weight: 1, arbitrary: k3sNode }), (facts) => {
      const began = performance.now();
      if (chain(facts).length > 0) judged += 1;
      if (performance.now() - began > 2000) slow.push([...facts.files].map(([path]) => path).join(' '));
    }),
    { seed, numRuns: count, endOnFailure: true },
  );
  expect(slow).toEqual([]);
  expect(judged).toBeGreaterThan(count / 2);
});
