/** `kubelatch` alone on a terminal: from choosing to a hardened fleet, and back to the start when something fails. */
import { beforeEach, describe, expect, it } from 'vitest';
import { expectClosed, expectOpen } from './planted.js';
import { kubeletFiles, openScene, plantAll } from './scene.js';
import { enter, openTerminal } from './terminal.js';

const scene = openScene();
const { lab } = scene;
const down = '\u001b[B';
const flags = ['--settle', '1s', '--waves', '100%', '--max-unavailable', '2'];

describe('the guided mode', () => {
  beforeEach(() => plantAll(lab, ['n1', 'n2', 'cp1']));

  it('hardens all hosts after the name of the cluster was typed', async () => {
    const inventory = scene.inventory(['n1', 'cp1']);
    const terminal = openTerminal(scene, ['-i', inventory, ...flags]);
    await terminal.until(/Which hosts\?[\s\S]*All 2 hosts/);
    terminal.type(enter);
    await terminal.until(/Which playbooks\?[\s\S]*baseline/);
    terminal.type(enter);
    expect(await terminal.until(/What next\?[\s\S]*Show what would be changed/)).toContain(
      '/var/lib/kubelet/config.yaml:',
    );
    terminal.type(enter);
    expect(await terminal.until(/type lab:/)).toContain('+readOnlyPort: 0');
    terminal.type(`la${enter}`);
    await terminal.until(/type lab to go on/);
    await expectOpen(lab, 'n1');
    terminal.type(`b${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/Apply: 2 confirmed/);
    await expectClosed(lab, 'n1');
    await expectClosed(lab, 'cp1');
  });

  it('undoes everything when a host fails and the person says so', async () => {
    const before = [await kubeletFiles(lab, 'n1'), await kubeletFiles(lab, 'n2')];
    await lab.faultDiesWhenHardened('n2');
    const terminal = openTerminal(scene, ['-i', scene.inventory(['n1', 'n2']), ...flags]);
    await terminal.until(/Which hosts\?[\s\S]*All 2 hosts/);
    terminal.type(enter);
    await terminal.until(/Which playbooks\?[\s\S]*baseline/);
    terminal.type(enter);
    await terminal.until(/What next\?[\s\S]*Show what would be changed/);
    terminal.type(enter);
    await terminal.until(/Make these changes now\?/);
    terminal.type(`y${enter}`);
    await terminal.until(/What now\?[\s\S]*Undo everything/, 120_000);
    terminal.type(down);
    await terminal.until(/Undo everything/);
    terminal.type(enter);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(4);
    await lab.clearFaults('n2');
    expect([await kubeletFiles(lab, 'n1'), await kubeletFiles(lab, 'n2')]).toEqual(before);
    await expectOpen(lab, 'n1');
    await expectOpen(lab, 'n2');
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
