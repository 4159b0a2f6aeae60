/** Edits that the running kubelet has not read: what would break it is told and not touched, what nobody proved waits for a person. */
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kubeletMinor } from './kubelet-node.js';
import { configYaml, defaultsFile, expectClosed, unitFile, weaknesses } from './planted.js';
import { type Audit, type Plan, type RunResult, expectClear, failing, hostOf, outcomes } from './results.js';
import { kubeletFiles, openScene, plantAll, processOf, readOn, stateOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2', 'n3'];
const folder = '/etc/systemd/system/kubelet.service.d';
const accept = '--accept-pending-edits';

const minor = await kubeletMinor(lab, 'n1');
/** The tables of fields and flags hold from 1.29 on: an older kubelet may have what they have not. */
const isInTables = minor >= 29;

/** Nodes whose kubelet was restarted, or whose files alone were edited, since they were planted. */
const soiled = new Set<string>();
const edited = new Set<string>();

/** Runs a script on a node; a script that fails fails the test. */
async function edit(node: string, script: string): Promise<void> {
  edited.add(node);
  expect(await lab.on(node, `set -e\n${script}`), node).toMatchObject({ code: 0 });
}

/** The times of a kubelet's start and of an edit are told apart from here on. */
const grain = 2500;

async function plant(hosts: readonly string[]): Promise<void> {
  await plantAll(lab, hosts);
  await new Promise((done) => setTimeout(done, grain));
}

/** Puts files back without a restart: the kubelet stays older than any edit to come. */
const putBack = `set -e
for path in ${[configYaml, defaultsFile, unitFile, '/etc/kubernetes/ssl/ca.pem'].join(' ')}; do
  [ ! -e "/opt/planted$path" ] || cp -a --remove-destination "/opt/planted$path" "$path"
done
rm -f ${folder}/50-site.conf
systemctl daemon-reload`;

beforeAll(() => plant(nodes));
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const node of nodes) soiled.add(node);
  const again = [...soiled];
  const rest = [...edited].filter((node) => !soiled.has(node));
  soiled.clear();
  edited.clear();
  for (const node of rest) expect(await lab.on(node, putBack), node).toMatchObject({ code: 0 });
  if (again.length > 0) await plant(again);
});

/** Applies to nodes that must all refuse, and proves that nobody touched them; one reason a node. */
async function refusals(hosts: readonly string[], flags: readonly string[] = []): Promise<Record<string, string>> {
  const before = await stateOf(lab, hosts);
  const result = await scene.result<RunResult>(1, ['apply', '-i', scene.inventory(hosts), ...swift, ...flags]);
  expect(outcomes(result)).toEqual(Object.fromEntries(hosts.map((node) => [node, 'refused'])));
  for (const node of hosts) expectClear(hostOf(result, node));
  expect(await stateOf(lab, hosts)).toEqual(before);
  return Object.fromEntries(hosts.map((node) => [node, hostOf(result, node).reason ?? '']));
}

describe('what would stop the kubelet', () => {
  it('is told with file and line, and the node is not touched', async () => {
    await edit('n1', `printf 'maxPods: "110"\\n' >>${configYaml}`);
    await edit(
      'n2',
      `mkdir -p ${folder}; printf '[Service]\\nEnvironmentFile=/etc/kubelet.site\\n' >${folder}/50-site.conf; systemctl daemon-reload`,
    );
    await edit(
      'n3',
      `sed -i 's|--anonymous-auth=true|--config-dir=/etc/kubelet.d --anonymous-auth=true|' ${unitFile}; systemctl daemon-reload`,
    );
    const planted = await readOn(lab, 'n1', configYaml);
    const line = planted.split('\n').indexOf('maxPods: "110"') + 1;
    const audit = await scene.result<Audit>(0, ['audit', '-i', scene.inventory(nodes)]);
    for (const node of nodes) {
      const critical = hostOf(audit, node).findings.filter((one) => one.playbook === 'kubelatch');
      expect(critical, node).toContainEqual(expect.objectContaining({ severity: 'critical', status: 'fail' }));
    }
    const said = await refusals(nodes);
    expect(said['n1']).toContain(`${configYaml}:${line}: maxPods`);
    expect(said['n2']).toContain(`${folder}/50-site.conf:2: EnvironmentFile=/etc/kubelet.site does not exist`);
    expect(said['n3']).toMatch(/\/etc\/kubelet\.d.* does not exist/);
  });

  it('counts where the file kept its time, and where a certificate or a known flag is missing', async () => {
    await edit(
      'n1',
      `cp -p ${configYaml} /root/old; printf 'maxPods: "110"\\n' >>/root/old; touch -r ${configYaml} /root/old; cp -p /root/old ${configYaml}; rm /root/old`,
    );
    const word = isInTables ? '--no-such-flag=1' : '--anonymous-auth=never';
    await edit('n2', `printf 'KUBELET_EXTRA_ARGS=${word}\\n' >${defaultsFile}`);
    await edit('n3', 'mv /etc/kubernetes/ssl/ca.pem /root/ca.pem');
    // No flag makes it less broken.
    const said = await refusals(nodes, [accept]);
    expect(said['n1']).toMatch(/config\.yaml:\d+: maxPods/);
    expect(said['n2']).toContain(`/etc/default/kubelet:1: `);
    expect(said['n2']).toContain(word.replace(/=.*/, ''));
    expect(said['n3']).toMatch(/kubelet\.service:\d+: .*\/etc\/kubernetes\/ssl\/ca\.pem, which does not exist/);
  });
});

describe('an edit that nobody proved', () => {
  it('is told with the running and the next value, and comes into effect only where a person accepts it', async () => {
    await edit('n1', `printf 'podPidsLimit: 77\\n' >>${configYaml}`);
    // The same, with an older time.
    await edit('n2', `printf 'podPidsLimit: 77\\n' >>${configYaml}; touch -d '2 hours ago' ${configYaml}`);
    const inventory = scene.inventory(['n1', 'n2']);
    const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
    const told = hostOf(audit, 'n1').findings.filter((one) => one.source?.path === configYaml);
    expect(JSON.stringify(told)).toContain('a restart changes podPidsLimit from -1 to 77');
    const said = await refusals(['n1', 'n2']);
    expect(said['n1']).toContain(`${configYaml} was changed after the kubelet started`);
    for (const node of ['n1', 'n2']) expect(said[node]).toContain('a restart changes podPidsLimit from -1 to 77');
    const { plan } = hostOf(await scene.result<Plan>(0, ['plan', '-i', inventory, accept]), 'n1');
    expect(plan?.warnings.join()).toMatch(/podPidsLimit from -1 to 77.*cannot revert it/);
    soiled.add('n1').add('n2');
    const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift, accept]);
    expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed' });
    await expectClosed(lab, 'n1');
  });

  it('does not pass either where the API server is not asked', async () => {
    await edit('n1', `printf '# a comment\\n' >>${configYaml}`);
    const said = await refusals(['n1'], ['--no-cluster']);
    expect(said['n1']).toContain('it is unknown what a restart would change');
    // The API server shows that it changes nothing.
    const shown = await scene.result<Plan>(0, ['plan', '-i', scene.inventory(['n1'])]);
    expect(hostOf(shown, 'n1').refused).toBeNull();
  });

  it('passes where it does only what the playbook wants; a flag that configz does not show is proved by the arguments', async () => {
    soiled.add('n1').add('n3');
    await edit('n1', `sed -i 's/^readOnlyPort: 10255/readOnlyPort: 0/' ${configYaml}`);
    await edit('n3', `sed -i 's/--read-only-port=10255/--read-only-port=0/' ${unitFile}; systemctl daemon-reload`);
    const playbooks = ['-p', 'baseline', '-p', 'cis-1.12'];
    const inventory = scene.inventory(['n1', 'n3']);
    const result = await scene.result<RunResult>(0, ['apply', '-i', inventory, ...swift, ...playbooks]);
    expect(outcomes(result)).toEqual({ n1: 'confirmed', n3: 'confirmed' });
    for (const node of ['n1', 'n3']) await expectClosed(lab, node);
    if (!isInTables) return;
    expect(hostOf(result, 'n3').gate).toContainEqual(expect.objectContaining({ check: 'arguments', passed: true }));
    const { stdout } = await lab.on('n3', 'tr "\\0" "\\n" </proc/$(pgrep -x kubelet)/cmdline');
    expect(stdout).toContain('--seccomp-default=true');
  });

  it('is a directive that nothing shows, and a kubelet that was stopped', async () => {
    soiled.add('n2');
    await edit(
      'n1',
      `mkdir -p ${folder}; printf '[Service]\\nExecStartPre=/bin/false\\n' >${folder}/50-site.conf; systemctl daemon-reload`,
    );
    await edit('n2', 'systemctl stop kubelet');
    const result = await scene.result<RunResult>(1, ['apply', '-i', scene.inventory(['n1', 'n2']), ...swift]);
    expect(outcomes(result)).toEqual({ n1: 'refused', n2: 'refused' });
    expect(hostOf(result, 'n1').reason).toContain('ExecStartPre=');
    // Flags of an older one are a fault where no process tells its version.
    expect(hostOf(result, 'n2').reason).toContain(isInTables ? 'kubelet.service is not running' : 'has no flag');
    expect((await lab.on('n2', 'systemctl is-active kubelet')).stdout.trim()).toBe('inactive');
  });
});

it('is refused where a file that the plan leaves alone changed since the plan was made', async () => {
  soiled.add('n2');
  const saved = join(scene.folder, 'plan.json');
  const inventory = scene.inventory(['n1', 'n2']);
  await scene.result<Plan>(0, ['plan', '-i', inventory, '--out', saved]);
  await edit('n1', `printf '# by hand\\n' >>${defaultsFile}`);
  const look = async (): Promise<unknown> => [await kubeletFiles(lab, 'n1'), await processOf(lab, 'n1')];
  const before = await look();
  const result = await scene.result<RunResult>(1, ['apply', saved, '-i', inventory, ...swift.slice(3)]);
  expect(outcomes(result)).toEqual({ n1: 'refused', n2: 'confirmed' });
  expect(hostOf(result, 'n1').reason).toBe(`${defaultsFile} changed since the plan was made`);
  expect(await look()).toEqual(before);
});

it('a unit that starts the kubelet by something else is judged by what runs, and changed where its files are understood', async () => {
  for (const node of nodes) soiled.add(node);
  const start = (line: string): string => `mkdir -p ${folder}
command=$(tr '\\0' ' ' </proc/$(pgrep -x kubelet)/cmdline)
printf '#!/bin/sh\nexec %s\n' "$command" >/usr/local/bin/start-kubelet
chmod 755 /usr/local/bin/start-kubelet
printf '[Service]\nExecStart=\nExecStart=%s\n' "${line}" >${folder}/50-site.conf
systemctl daemon-reload
systemctl restart kubelet`;
  await Promise.all([
    edit('n1', start('/bin/bash -c \\"exec $command\\"')),
    edit('n2', start('/usr/bin/nice -n 5 /usr/bin/env A=1 $command')),
    edit('n3', start('/usr/local/bin/start-kubelet')),
  ]);
  await Promise.all(nodes.map((node) => lab.waitReady(node, { reachable: true })));
  const inventory = scene.inventory(nodes);
  const audit = await scene.result<Audit>(0, ['audit', '-i', inventory]);
  // Where the flags are somebody else's, that is told beside what really is weak.
  const told = (node: string): readonly string[] => (node === 'n2' ? [] : ['declared-not-in-effect']);
  for (const node of nodes) expect(failing(hostOf(audit, node)), node).toEqual([...weaknesses, ...told(node)].sort());
  const result = await scene.result<RunResult>(1, ['apply', '-i', inventory, ...swift, '--max-failures', '3']);
  expect(outcomes(result)).toEqual({ n1: 'confirmed', n2: 'confirmed', n3: 'refused' });
  expect(hostOf(result, 'n3').reason).toMatch(
    /50-site\.conf:3: kubelet\.service starts \/usr\/local\/bin\/start-kubelet, which sets the flags itself/,
  );
  for (const node of ['n1', 'n2']) await expectClosed(lab, node);
  expect(await readOn(lab, 'n3', '/usr/local/bin/start-kubelet')).toContain('--anonymous-auth=true');
});
