/** Hosts that cannot be reached or written: one clear line each with what to do, nothing half-written, and the others are done. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configYaml, expectClosed } from './planted.js';
import { type ChangedHost, type RunResult, expectClear, hostOf, outcomes } from './results.js';
import { openScene, plantAll, processOf, swift } from './scene.js';

const scene = openScene();
const { lab } = scene;
/** An address of the lab's net that no node has. */
const nobody = (lab.nodes['cp1']?.address ?? '').replace(/\d+$/, '99');
const workers = ['n1', 'n2', 'n3'];
/** One failed host is expected, and the rest is to go on. */
const flags = [...swift, '--max-failures', '2'];

afterAll(async () => {
  await Promise.all([...workers, 'cp1'].map((node) => lab.clearFaults(node)));
});

type Look = Readonly<Record<string, unknown>>;
/** An empty folder of kubelatch's own may stay behind a refusal, and the empty file on which its programs wait for each other. */
const look = async (nodes: readonly string[]): Promise<Look> => {
  const one = async (node: string): Promise<readonly [string, unknown]> => {
    const files = Object.entries(await lab.snapshot(node)).filter(
      ([path, { sha256 }]) =>
        !(path.startsWith('/var/lib/kubelatch') && sha256 === 'folder') && path !== '/var/lib/kubelatch/txn/lock',
    );
    return [node, { files: Object.fromEntries(files), process: await processOf(lab, node) }];
  };
  return Object.fromEntries(await Promise.all(nodes.map(one)));
};

/** Temporary files of an edit, and transactions that are neither confirmed nor put back. */
async function leftovers(node: string): Promise<string> {
  const found = await lab.on(
    node,
    `find /etc /usr/lib/systemd /var/lib/kubelet /run -xdev -name '.kubelatch-*'
     for state in /var/lib/kubelatch/txn/*/state; do [ ! -e "$state" ] || grep -HvE '^(confirmed|reverted)$' "$state"; done`,
  );
  return found.stdout;
}

/** The reason stands in one line of the progress, marked as trouble, as it becomes known. */
function expectTold(stderr: string, { host, reason = '' }: ChangedHost): void {
  const lines = stderr.split('\n').filter((line) => /^\S+Z ! /.test(line) && line.includes(host));
  expect(lines.join('\n'), `a line about ${host} in\n${stderr}`).toContain(reason.slice(0, 60));
}

describe('hosts that cannot be logged in to', () => {
  const wrongKey = join(scene.folder, 'wrong-key');
  let result: RunResult;
  let stderr: string;
  let before: Look;
  const bad = ['cp1', 'n1', 'n3'];

  beforeAll(async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', wrongKey]);
    await plantAll(lab, [...workers, 'cp1']);
    await lab.stopSshd('n1');
    await lab.faultChangeHostKey('n3');
    before = await look(bad);
    const inventory = scene.inventory([
      'n1',
      'n2',
      'n3',
      ['gone', { address: nobody }],
      ['cp1', { ssh: { identityFile: wrongKey } }],
    ]);
    const ran = await scene.kubelatch(['apply', '-i', inventory, ...flags, '-o', 'json']);
    expect(ran.code, ran.stderr).toBe(3);
    ({ stderr } = ran);
    result = JSON.parse(ran.stdout) as RunResult;
  });

  it('hardens the host that can be reached', async () => {
    expect(outcomes(result)).toEqual({
      n1: 'unreachable',
      n2: 'confirmed',
      n3: 'unreachable',
      gone: 'unreachable',
      cp1: 'unreachable',
    });
    await expectClosed(lab, 'n2');
  });

  it.each([
    ['n1', 'its sshd is stopped', /nothing listens on 10\.\d+\.\d+\.11:22/, /sshd/],
    ['gone', 'nobody has its address', new RegExp(nobody.replaceAll('.', '\\.')), /route|host is up/],
    ['cp1', 'the key is a wrong one', /login as deploy failed.*tried .*wrong-key/, /key|identityFile/],
    ['n3', 'its host key changed', /host key has changed.*known_hosts:\d+/, /ssh-keygen -f .* -R/],
  ])('says of %s in one line that %s', (name, _what, reason, hint) => {
    const host = hostOf(result, name);
    expectClear(host);
    expect(host.reason).toMatch(reason);
    expect(host.hint).toMatch(hint);
    expectTold(stderr, host);
  });

  it('leaves them as they were', async () => {
    expect(await look(bad)).toEqual(before);
  });
});

describe.each([
  {
    title: 'a full disk under the settings, and a config.yaml that is no YAML',
    faults: async (): Promise<void> => {
      await lab.faultDiskFull('n1', 'config');
      await lab.breakConfigYaml('n2');
    },
    good: 'n3',
    bad: [
      { name: 'n1', outcome: 'failed', reason: /No space left on device/, hint: /free some space/ },
      { name: 'n2', outcome: 'refused', reason: /config\.yaml/, hint: /by hand|mend|correct/ },
    ],
  },
  {
    title: 'settings that are read-only, and a full disk under the folder of kubelatch',
    faults: async (): Promise<void> => {
      await lab.faultReadOnly('n1', 'config');
      await lab.faultDiskFull('n3', 'state');
    },
    good: 'n2',
    bad: [
      { name: 'n1', outcome: 'failed', reason: /Read-only file system/, hint: /writable/ },
      { name: 'n3', outcome: 'failed', reason: /No space left on device/, hint: /free some space/ },
    ],
  },
])('$title', ({ faults, good, bad }) => {
  let result: RunResult;
  let stderr: string;
  let before: Look;
  const names = bad.map(({ name }) => name);

  beforeAll(async () => {
    await plantAll(lab, workers);
    await faults();
    before = await look(names);
    const ran = await scene.kubelatch(['apply', '-i', scene.inventory(workers), ...flags, '-o', 'json']);
    ({ stderr } = ran);
    expect(ran.code, ran.stderr).toBe(1);
    result = JSON.parse(ran.stdout) as RunResult;
  });

  it('hardens the healthy host', async () => {
    const wanted = [...bad.map(({ name, outcome }) => [name, outcome] as const), [good, 'confirmed'] as const];
    expect(outcomes(result)).toEqual(Object.fromEntries(wanted));
    await expectClosed(lab, good);
  });

  it.each(bad)('says in one line why $name was left, and what to do', ({ name, reason, hint }) => {
    const host = hostOf(result, name);
    expectClear(host);
    expect(host.reason).toMatch(reason);
    expect(host.hint).toMatch(hint);
    expectTold(stderr, host);
  });

  it('leaves nothing half-written', async () => {
    expect(await look(names)).toEqual(before);
    for (const node of workers) expect(await leftovers(node), node).toBe('');
  });
});

it('names the line of a config.yaml that is no YAML, in the table for people too', async () => {
  await plantAll(lab, ['n2']);
  await lab.breakConfigYaml('n2');
  const lines = Number((await lab.on('n2', `wc -l <${configYaml}`)).stdout);
  const ran = await scene.kubelatch(['apply', '-i', scene.inventory(['n2']), ...flags, '-o', 'wide']);
  expect(ran.code, ran.stderr).toBe(1);
  const [told = ''] = ran.stdout.split('\n').filter((line) => line.includes('n2') && line.includes(configYaml));
  const line = Number(new RegExp(`${configYaml}:(\\d+)`).exec(told)?.[1]);
  // The bracket is opened on the last line; a parser may notice it at the end of the file.
  expect([lines, lines + 1], ran.stdout).toContain(line);
});
