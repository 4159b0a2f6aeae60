/** Each shape of k3s and RKE2 × each fault: put back by itself, to the byte, from a kubelet that dies, a lost Ready, a closed way in. */
import { beforeAll, describe, expect, it } from 'vitest';
import { expectOpen } from './planted.js';
import { type ChangedHost, type RunResult, expectClear, failedChecks, hostOf, outcomes } from './results.js';
import { filesOf, openScene, plantAll } from './scene.js';
import { containersOfAll, distroOf, names, titled } from './supervised-planted.js';

const scene = openScene();
const { lab } = scene;
const inventory = scene.inventory(names);
// Long enough for all but the fault to pass, on two cores that start eight kubelets at once.
const deadline = lab.isTrueProduct ? '90s' : lab.kind === 'real' ? '45s' : '16s';
const flags = [
  ...['--yes', '--waves', '100%', '--max-unavailable', '100%', '--max-failures', '100%'],
  ...['--settle', '1s', '--deadline', deadline],
];

/** What a kubelet says that finds its client CA gone. */
const word = 'client-ca.crt: no such file';

interface Fault {
  readonly title: string;
  /** Sets it up on a node, to strike once the kubelet is hardened. */
  readonly set: (node: string) => Promise<void>;
  /** What the host's result must say. */
  readonly judge: (host: ChangedHost) => void;
}

const faults: readonly Fault[] = [
  {
    title: 'a kubelet that dies on start',
    set: (node) => lab.faultDiesWhenHardened(node),
    judge: (host) => {
      expect(failedChecks(host)).toContain('kubelet-process');
      expect(host.log.join('\n')).toContain(word);
    },
  },
  {
    title: 'a node that turns NotReady',
    set: (node) => lab.faultNotReadyWhenHardened(node),
    judge: (host) => expect(failedChecks(host)).toEqual(['ready']),
  },
  {
    title: 'a kubelet that the API server cannot reach',
    set: (node) => lab.faultUnreachableWhenHardened(node),
    judge: (host) => expect(failedChecks(host)).toEqual(['configz']),
  },
];

let planted: Readonly<Record<string, unknown>>;
let containers: Readonly<Record<string, string>>;

beforeAll(async () => {
  await plantAll(lab, names);
  planted = await filesOf(lab, names);
  containers = await containersOfAll(lab, names);
});

describe.each(faults.map((fault) => [fault.title, fault] as const))('%s', (_title, { set, judge }) => {
  let result: RunResult;

  beforeAll(async () => {
    const now = await filesOf(lab, names);
    // Only what an earlier fault left broken, which its own tests tell.
    const spoilt = names.filter((node) => JSON.stringify(now[node]) !== JSON.stringify(planted[node]));
    await plantAll(lab, spoilt);
    await Promise.all(names.map((node) => set(node)));
    result = await scene.result<RunResult>(4, ['apply', '-i', inventory, ...flags], {});
    await Promise.all(names.map((node) => lab.clearFaults(node)));
  });

  it.each(titled)('is seen and reverted on %s, %s', (node) => {
    const host = hostOf(result, node);
    expect(host.outcome, host.reason).toBe('reverted');
    expectClear(host);
    judge(host);
  });

  it('leaves every byte as it was, every container running, and every node serving', async () => {
    expect(outcomes(result)).toEqual(Object.fromEntries(names.map((node) => [node, 'reverted'])));
    expect(await filesOf(lab, names)).toEqual(planted);
    expect(await containersOfAll(lab, names)).toEqual(containers);
    await Promise.all(names.map((node) => expectOpen(lab, node)));
  });
});

const children = titled.filter(([, shape]) => distroOf(shape) === 'rke2').map(([node]) => node);
it.each(children)(
  'the death is told from kubelet.log on %s, whose unit stays active without its kubelet',
  async (node) => {
    const unit = lab.nodes[node]?.unit ?? '';
    expect((await lab.on(node, `grep -c '${word}' /var/lib/rancher/rke2/agent/logs/kubelet.log`)).code).toBe(0);
    const journal = await lab.on(node, `journalctl -u ${unit} -o cat | grep "Kubelet exited"`);
    expect(journal.stdout).toContain('Kubelet exited');
    expect(journal.stdout).not.toContain(word);
    expect((await lab.on(node, `systemctl show ${unit} -p NRestarts --value`)).stdout.trim()).toBe('0');
  },
);
