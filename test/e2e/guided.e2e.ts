/** `kubelatch` alone on a terminal: from choosing to a hardened fleet, and back to the start when something fails. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClosed, expectOpen } from './planted.js';
import { kubeletFiles, main, openScene, plantAll } from './scene.js';
import { type Terminal, down, enter, interrupt, openTerminal } from './terminal.js';

const scene = openScene();
const { lab } = scene;
const fast = ['--settle', '1s', '--waves', '100%', '--max-unavailable', '2'];
/** One host, then the other; slow enough to do something while the first is in its gate. */
const slowly = ['--settle', '6s', '--waves', '1,100%'];

/** Up to the plan of all hosts by the baseline. */
async function openPlan(hosts: readonly string[], flags: readonly string[]): Promise<Terminal> {
  const terminal = openTerminal(scene, ['-i', scene.inventory([...hosts]), ...flags]);
  await terminal.until(/Which hosts\?[\s\S]*All 2 hosts/);
  terminal.type(enter);
  await terminal.until(/Which playbooks\?[\s\S]*baseline/);
  terminal.type(enter);
  expect(await terminal.until(/What next\?[\s\S]*Quit/)).toMatch(/Posture of 2 hosts: \d+ rules to look at/);
  terminal.type(enter);
  return terminal;
}

async function applyWorkers(flags: readonly string[]): Promise<Terminal> {
  const terminal = await openPlan(['n1', 'n2'], flags);
  expect(await terminal.until(/What next\?[\s\S]*Quit/)).toMatch(/\d waves?: n1/);
  terminal.type(enter);
  // All hosts in one wave is a risk; one host first is none.
  const asked = await terminal.until(/Apply these changes now\?|Type lab to confirm/);
  terminal.type(asked.includes('Type lab') ? `lab${enter}` : `y${enter}`);
  return terminal;
}

describe('the guided mode', () => {
  beforeEach(() => plantAll(lab, ['n1', 'n2', 'cp1']));
  afterEach(() => Promise.all(['n1', 'n2'].map((node) => lab.clearFaults(node))));

  it('hardens all hosts after the name of the cluster was typed, and ends with the command that does the same', async () => {
    const terminal = await openPlan(['n1', 'cp1'], fast);
    const plan = await terminal.until(/What next\?[\s\S]*Quit/);
    expect(plan).toContain('/var/lib/kubelet/config.yaml');
    expect(plan).toMatch(/2 waves: n1 first, cp1 last; about \d+ s; a node that does not stay Ready for 1 s reverts/);
    terminal.type(enter);
    expect(await terminal.until(/Type lab to confirm/)).toContain('it changes control-plane nodes: cp1');
    terminal.type(`la${enter}`);
    await terminal.until(/Type lab to continue/);
    await expectOpen(lab, 'n1');
    // What was typed is gone: the whole name is asked for.
    terminal.type(`lab${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/Apply: 2 confirmed/);
    await expectClosed(lab, 'n1');
    await expectClosed(lab, 'cp1');
    const [, command = ''] = /The same without questions:\n {4}kubelatch (.*)\n/.exec(stdout) ?? [];
    expect(command).toMatch(
      /^apply --yes -i \S+ --kubectl \S+ -p baseline --waves 100% --max-unavailable 2 --settle 1s --observe 0$/,
    );
    const again = await promisify(execFile)('/bin/sh', ['-c', `exec "$0" "$1" ${command}`, process.execPath, main], {
      env: scene.env,
      cwd: scene.folder,
    });
    expect(again.stdout).toMatch(/Apply: 2 unchanged/);
  });

  it('undoes everything when a host fails and the person says so', async () => {
    const before = [await kubeletFiles(lab, 'n1'), await kubeletFiles(lab, 'n2')];
    await lab.faultDiesWhenHardened('n2');
    const terminal = await applyWorkers(fast);
    const failed = await terminal.until(/n2 failed\. What next\?[\s\S]*Stop here[^\n]*/);
    expect(failed).toMatch(/reverted +n2/);
    expect(failed).toMatch(/last kubelet log lines on n2:\n +\| \S/);
    terminal.type(`${down}${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(4);
    expect(stdout).toMatch(/Rollback: 1 confirmed/);
    await lab.clearFaults('n2');
    expect([await kubeletFiles(lab, 'n1'), await kubeletFiles(lab, 'n2')]).toEqual(before);
    await expectOpen(lab, 'n1');
    await expectOpen(lab, 'n2');
  });

  it('tries a failed host again once its cause is gone, then goes on with the rest', async () => {
    await lab.faultDiesWhenHardened('n1');
    const terminal = await applyWorkers(['--settle', '1s', '--waves', '1,100%']);
    await terminal.until(/n1 failed\. What next\?[\s\S]*Stop here[^\n]*/);
    await expectOpen(lab, 'n2');
    await lab.clearFaults('n1');
    terminal.type(enter);
    await terminal.until(/n2 not started yet\. What next\?[\s\S]*Stop here[^\n]*/);
    await expectClosed(lab, 'n1');
    terminal.type(enter);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(0);
    await expectClosed(lab, 'n2');
  });

  it('skips a failed host and goes on with the rest', async () => {
    await lab.faultDiesWhenHardened('n1');
    const terminal = await applyWorkers(['--settle', '1s', '--waves', '1,100%']);
    await terminal.until(/n1 failed\. What next\?[\s\S]*Stop here[^\n]*/);
    terminal.type(`${down}${down}${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(4);
    await lab.clearFaults('n1');
    await expectOpen(lab, 'n1');
    await expectClosed(lab, 'n2');
  });

  it('Ctrl-C while a node changes: it is finished, and what is changed is said', async () => {
    const terminal = await applyWorkers(slowly);
    await terminal.until(/n1: waiting for /);
    terminal.type(interrupt);
    await terminal.until(/no new hosts will start\. n1 will be finished or reverted first\./);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toMatch(/Apply: 1 skipped, 1 confirmed/);
    expect(stdout).toMatch(
      /\nChanged and confirmed: n1\.\nTo roll back:\s+kubelatch rollback \S+ -i \S+ --kubectl \S+\nTo apply the plan without questions:\s+kubelatch apply --yes .* --waves 1,100% --settle 6s [^\n]*\n$/,
    );
    await expectClosed(lab, 'n1');
    await expectOpen(lab, 'n2');
  });

  it('Ctrl-C where a failure asks what next: what is changed and what is reverted', async () => {
    await lab.faultDiesWhenHardened('n2');
    const terminal = await applyWorkers(fast);
    await terminal.until(/n2 failed\. What next\?[\s\S]*Stop here[^\n]*/);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toMatch(
      /kubelatch: Cancelled\. Changed and confirmed: n1\.\n {2}Changed and reverted: n2\.\n {2}To roll back:\s+kubelatch rollback \S+ -i \S+ --kubectl \S+\n {2}To apply the plan without questions:\s+kubelatch apply --yes .* --waves 100% --max-unavailable 2 --settle 1s [^\n]*\n$/,
    );
    await expectClosed(lab, 'n1');
  });

  it('changes nothing when the answer is no', async () => {
    const terminal = openTerminal(scene, ['apply', '-i', scene.inventory(['n1'])]);
    await terminal.until(/Change 1 host now\?/);
    terminal.type(enter);
    expect((await terminal.ended()).code).toBe(0);
    await expectOpen(lab, 'n1');
  });
});

it('is short help and exit 64 without a terminal', async () => {
  const ran = await scene.kubelatch([]);
  expect(ran).toMatchObject({ code: 64, stdout: '' });
  expect(ran.stderr).toContain('Usage: kubelatch');
});
