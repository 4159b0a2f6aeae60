/** A saved plan is applied as it was shown; a node that changed since refuses it, and nobody is asked where nobody sits. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { configYaml, expectClosed, expectOpen } from './planted.js';
import { type Plan, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const inventory = scene.inventory(nodes);
const saved = join(scene.folder, 'plan.json');
const unasked = swift.filter((flag) => flag !== '--yes');
let shown: Plan;

beforeAll(async () => {
  await plantAll(lab, nodes);
  shown = await scene.result<Plan>(0, ['plan', '-i', inventory, '--out', saved]);
});

it('shows the exact edits, and changes nothing', async () => {
  const { plan } = hostOf(shown, 'n1');
  expect(plan?.edits.map(({ path, action }) => ({ path, action }))).toEqual([{ path: configYaml, action: 'edit' }]);
  const changed = (plan?.edits[0]?.diff ?? '').split('\n').filter((line) => /^[-+][^-+]/.test(line));
  // What comments say is nobody's known setting; --show-values shows it.
  expect(changed).toEqual([
    '-    enabled: true   # ***',
    '+    enabled: false   # ***',
    '-    enabled: false',
    '+    enabled: true',
    '-  mode: AlwaysAllow',
    '+  mode: Webhook',
    '-readOnlyPort: 10255 # ***',
    '+readOnlyPort: 0 # ***',
  ]);
  expect(plan?.restart).toBe(true);
  for (const node of nodes) await expectOpen(lab, node);
  expect((await scene.kubelatch(['plan', '-i', inventory, '--detailed-exitcode'])).code).toBe(2);
});

it('keeps the saved plan from other eyes', () => {
  expect((statSync(saved).mode & 0o777).toString(8)).toBe('600');
});

it.each([{ CI: '1' }, {}])('refuses to change anything unasked (%o)', async (env) => {
  const before = await processOf(lab, 'n1');
  const ran = await scene.kubelatch(['apply', '-i', inventory, ...unasked], { env });
  expect(ran).toMatchObject({ code: 64, stdout: '' });
  expect(ran.stderr).toMatch(/--yes/);
  expect(await processOf(lab, 'n1')).toBe(before);
});

it('refuses a plan of another cluster, and one that was cut short', async () => {
  const text = readFileSync(saved, 'utf8');
  const foreign = scene.file('foreign.json', text.replace('"cluster": "lab"', '"cluster": "other"'));
  const broken = scene.file('broken.json', text.slice(0, 500));
  for (const [path, code] of [[foreign, 1] as const, [broken, 64] as const]) {
    const ran = await scene.kubelatch(['apply', path, '-i', inventory, ...unasked]);
    expect(ran.code, ran.stderr).toBe(code);
    expect(ran.stderr).toMatch(/plan/);
  }
  await expectOpen(lab, 'n1');
});

interface SavedFile {
  hosts: {
    edits: { text: string; diff: string; after: { sha256: string } }[];
  }[];
}

function tampered(name: string, tamper: (plan: SavedFile) => void): string {
  const plan = JSON.parse(readFileSync(saved, 'utf8')) as SavedFile;
  tamper(plan);
  return scene.file(name, JSON.stringify(plan));
}

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
const state = async (node: string): Promise<unknown> => ({
  files: await kubeletFiles(lab, node),
  process: await processOf(lab, node),
  kept: await lab.on(node, 'ls /var/lib/kubelatch/txn 2>/dev/null; ls /etc/cron.d'),
});

it('is refused where its text is not the one that its diff shows, and nothing is touched', async () => {
  const before = await Promise.all(nodes.map(state));
  const plain = tampered('plain.json', ({ hosts: [host] }) => {
    const [edit] = host?.edits ?? [];
    if (edit !== undefined) edit.text += 'staticPodPath: /tmp\n';
  });
  const ran = await scene.kubelatch(['apply', plain, '-i', inventory, ...unasked]);
  expect(ran.code, ran.stderr).toBe(64);
  expect(ran.stderr).toContain(`${configYaml}: the text does not match its sha256`);
  const careful = tampered('careful.json', ({ hosts }) => {
    for (const { edits } of hosts) {
      const [edit] = edits;
      if (edit === undefined) continue;
      // A line that the diff does not reach, with a sha256 that fits.
      edit.text = edit.text.replace(/^kind: .*\n/m, '$&staticPodPath: /tmp\n');
      edit.after.sha256 = sum(edit.text);
    }
  });
  const second = await scene.kubelatch(['apply', careful, '-i', inventory, ...unasked]);
  expect(second.code, second.stderr).toBe(64);
  expect(second.stderr + second.stdout).toMatch(/diff does not match the text/);
  expect(await Promise.all(nodes.map(state))).toEqual(before);
});

it('is refused by each node with an edit that nobody of its set-up would make', async () => {
  const before = await Promise.all(nodes.map(state));
  const text = '* * * * * root id\n';
  const path = '/etc/cron.d/kubelet-gc';
  const after = { sha256: sum(text), mode: '0644', uid: 0, gid: 0, owner: 'root:root' };
  const diff = `--- /dev/null\n+++ ${path}\n@@ -0,0 +1,1 @@\n+${text}`;
  const added = { path, action: 'create', before: null, after, text, diff };
  const more = tampered('more.json', ({ hosts }) => {
    for (const { edits } of hosts) edits.push(added);
  });
  const result = await scene.result<RunResult>(1, ['apply', more, '-i', inventory, ...unasked]);
  expect(outcomes(result)).toEqual({ n1: 'refused', n2: 'refused', n3: 'refused' });
  const { reason, hint } = hostOf(result, 'n1');
  expectClear({ reason, hint });
  expect(reason).toContain(path);
  expect(await Promise.all(nodes.map(state))).toEqual(before);
});

function signedBy(name: string): string {
  const key = join(scene.folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key]);
  const args = ['-Y', 'sign', '-n', 'kubelatch-plan', '-f', key];
  writeFileSync(
    `${saved}.${name}.sig`,
    execFileSync('ssh-keygen', args, { input: readFileSync(saved), stdio: 'pipe' }),
  );
  return `${name}@lab ${readFileSync(`${key}.pub`, 'utf8')}`;
}

it('is signed by two people, of whom one is not enough', async () => {
  const alice = signedBy('alice');
  const signers = scene.file('signers', alice);
  const two = ['--signers', signers, '--signatures', '2'];
  const ran = await scene.kubelatch(['apply', saved, '-i', inventory, ...two, ...unasked]);
  expect(ran.code, ran.stderr).toBe(1);
  expect(ran.stderr).toMatch(/signed only by alice@lab/);
  scene.file('signers', `${alice}${signedBy('bob')}`);
  await expectOpen(lab, 'n1');
});

it('is refused by the node that was edited since, and carried out on the others', async () => {
  await lab.on('n2', `printf '%s\\n' '# by hand' >>${configYaml}`);
  const before = { files: await kubeletFiles(lab, 'n2'), process: await processOf(lab, 'n2') };
  const two = ['--signers', join(scene.folder, 'signers'), '--signatures', '2'];
  const args = ['apply', saved, '-i', inventory, ...two, ...unasked];
  const result = await scene.result<RunResult>(1, args, { env: { CI: '1' } });
  expect(result.run.plan).toEqual({
    digest: `sha256:${sum(readFileSync(saved, 'utf8'))}`,
    signers: ['alice@lab', 'bob@lab'],
  });
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'refused', n3: 'confirmed' });
  const { reason, hint } = hostOf(result, 'n2');
  expectClear({ reason, hint });
  expect(reason).toContain(configYaml);
  expect({ files: await kubeletFiles(lab, 'n2'), process: await processOf(lab, 'n2') }).toEqual(before);
  await expectClosed(lab, 'n1');
  await expectClosed(lab, 'n3');
});
