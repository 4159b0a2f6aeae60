/** Flags in KUBELET_EXTRA_ARGS win over config.yaml: they are found in their file, taken out there, and what the file says holds. */
import { beforeAll, expect, it } from 'vitest';
import { configYaml, defaultsFile, expectClosed, hardenedConfig, lineOf } from './planted.js';
import { type Audit, type RunResult, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, readOn, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(['n1', 'n2']);
const commented =
  '# by the platform team: ask before you change it\nKUBELET_EXTRA_ARGS="--v=1 --anonymous-auth --read-only-port 10255 --max-pods=90"\n';
let planted: Record<string, string>;
let before: Awaited<ReturnType<typeof kubeletFiles>>;

beforeAll(async () => {
  await plantAll(lab, ['n1', 'n2']);
  planted = { n1: await readOn(lab, 'n1', configYaml), n2: await readOn(lab, 'n2', configYaml) };
  await Promise.all([
    lab.extraArgs('n1', '--anonymous-auth=true --read-only-port=10255'),
    (async () => {
      await lab.on('n2', `cat >${defaultsFile} <<'T'\n${commented}T\nsystemctl restart kubelet`);
      await lab.waitReady('n2', { reachable: true });
    })(),
  ]);
  before = await kubeletFiles(lab, 'n1');
});

it('names the file and the line of each flag', async () => {
  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  for (const node of ['n1', 'n2']) {
    const text = await readOn(lab, node, defaultsFile);
    for (const [rule, flag] of [
      ['anonymous-auth', '--anonymous-auth'],
      ['read-only-port', '--read-only-port'],
    ] as const) {
      const found = hostOf(audit, node).findings.find((one) => one.rule === rule);
      expect(found, `${rule} on ${node}`).toMatchObject({
        status: 'fail',
        source: {
          kind: 'flag',
          path: defaultsFile,
          line: lineOf(text, 'KUBELET_EXTRA_ARGS'),
          detail: `${flag} in KUBELET_EXTRA_ARGS`,
        },
      });
    }
  }
});

it('takes just these flags out, and the nodes are closed', async () => {
  const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift]);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed' });
  expect(await readOn(lab, 'n1', defaultsFile)).toBe('KUBELET_EXTRA_ARGS=\n');
  expect(await readOn(lab, 'n2', defaultsFile)).toBe(
    '# by the platform team: ask before you change it\nKUBELET_EXTRA_ARGS="--v=1 --max-pods=90"\n',
  );
  for (const node of ['n1', 'n2']) {
    expect(await readOn(lab, node, configYaml), node).toBe(hardenedConfig(planted[node] ?? ''));
    await expectClosed(lab, node);
  }
  const after = await kubeletFiles(lab, 'n1');
  expect({ ...after[defaultsFile], sha256: '' }).toEqual({ ...before[defaultsFile], sha256: '' });
});
