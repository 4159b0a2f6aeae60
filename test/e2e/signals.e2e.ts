/** Signals and lost terminals during a change: what was begun is ended, by this machine or by the node, and nothing stays armed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { expectClosed, expectOpen } from './planted.js';
import { type RunResult, outcomes } from './results.js';
import { type JournalEntry, kubeletFiles, openScene, plantAll, processOf } from './scene.js';
import { type Terminal, openTerminal } from './terminal.js';

const scene = openScene();
const { lab } = scene;
const nodes = ['n1', 'n2'];
const interrupt = '\u0003';
/** Seconds within which a host must prove healthy: a real kubelet serves after 6 s, and each beat takes its time. */
const deadline = lab.kind === 'real' ? 40 : 30;
/** One host, then the other; slow enough that the first is in its gate when the signal comes. */
const slowly = ['--yes', '--waves', '1,100%', '--settle', '8s', '--deadline', `${deadline}s`];
const runs = join(scene.env['XDG_STATE_HOME'] ?? '', 'kubelatch', 'runs');
const past = new Set<string>();

/** The run that was begun since the test began; undefined while there is none. */
function newRun(): string | undefined {
  try {
    return readdirSync(runs).find((name) => !past.has(name));
  } catch {
    return undefined;
  }
}

/** The journal of the run that the test began. */
function journal(): readonly JournalEntry[] {
  const run = newRun();
  if (run === undefined) return [];
  try {
    return scene.journal(run);
  } catch {
    return [];
  }
}

const stepsOf = (host: string): unknown[] =>
  journal().flatMap((one) => (one.host === host ? [one.entry === 'step' ? one.step : one.outcome] : []));

async function applyUntilGate(): Promise<Terminal> {
  isPlanted = false;
  const terminal = openTerminal(scene, ['apply', '-i', scene.inventory(nodes), ...slowly]);
  await expect.poll(() => stepsOf('n1'), { timeout: 60_000, interval: 100 }).toContain('gate');
  return terminal;
}

/** No unit of the switch, no change that holds the node, no file beside the kubelet's. */
async function expectNothingArmed(node: string): Promise<void> {
  const left = await lab.on(
    node,
    `find /etc /usr/lib/systemd /var/lib/kubelet /run -xdev \\( -name '.kubelatch-*' -o -name 'kubelatch-*' \\)
     for state in /var/lib/kubelatch/txn/*/state; do [ ! -e "$state" ] || grep -HvE '^(confirmed|reverted)$' "$state"; done`,
  );
  expect(left.stdout, node).toBe('');
}

/** A shell could go on here: lines are edited, and what is typed is seen. */
function expectUsable(terminal: Terminal): void {
  const modes = terminal.modes().split(/[\s;]+/);
  expect(modes).toEqual(expect.arrayContaining(['icanon', 'echo', 'isig', 'opost']));
}

const look = async (node: string): Promise<unknown> => [await kubeletFiles(lab, node), await processOf(lab, node)];

let before: Readonly<Record<string, unknown>>;
/** Nothing was changed since they were planted. */
let isPlanted = false;
beforeEach(async () => {
  if (!isPlanted) await plantAll(lab, nodes);
  isPlanted = true;
  before = { n1: await kubeletFiles(lab, 'n1'), n2: await look('n2') };
  try {
    for (const name of readdirSync(runs)) past.add(name);
  } catch {
    // There was none yet.
  }
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail') isPlanted = false;
});

describe('the first signal', () => {
  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['SIGTERM', 'SIGTERM', 143],
  ] as const)('%s: the host under way is finished, no other is begun', async (_, name, code) => {
    const terminal = await applyUntilGate();
    if (name === 'SIGINT') terminal.type(interrupt);
    else terminal.signal(name);
    await terminal.until(
      new RegExp(
        `${name}: no new hosts will start\\. n1 will be finished or reverted first\\. .* again to quit immediately\\.`,
      ),
    );
    expect(stepsOf('n1').at(-1), 'it is said at once').toBe('gate');
    const { code: ended, stdout } = await terminal.ended();
    expect(ended, stdout).toBe(code);
    expect(stdout).toMatch(/Apply: 1 skipped, 1 confirmed/);
    expectUsable(terminal);
    expect(stepsOf('n1').slice(-2)).toEqual(['confirm', 'confirmed']);
    expect(stepsOf('n2')).toEqual([]);
    expect(
      journal()
        .map(({ entry }) => entry)
        .slice(-2),
    ).toEqual(['stopped', 'end']);
    await expectClosed(lab, 'n1');
    expect(await look('n2')).toEqual(before['n2']);
    for (const node of nodes) await expectNothingArmed(node);
  });

  it('a host that does not pass the gate is still reverted', async () => {
    await lab.faultNotReadyWhenHardened('n1');
    const terminal = await applyUntilGate();
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toMatch(/Apply: 1 reverted, 1 skipped/);
    await lab.clearFaults('n1');
    expect(await kubeletFiles(lab, 'n1')).toEqual(before['n1']);
    await expectOpen(lab, 'n1');
    await expectNothingArmed('n1');
  });

  it('a terminal that is closed drains too, without a cry', async () => {
    const terminal = await applyUntilGate();
    await terminal.hangUp();
    expect(await terminal.exitCode()).toBe(129);
    expect(stepsOf('n1').slice(-2)).toEqual(['confirm', 'confirmed']);
    expect(stepsOf('n2')).toEqual([]);
    expect(journal().at(-1)).toMatchObject({ entry: 'end' });
    await expectClosed(lab, 'n1');
    expect(await look('n2')).toEqual(before['n2']);
    for (const node of nodes) await expectNothingArmed(node);
  });
});

describe('the second signal', () => {
  it('leaves at once; the node puts itself back, and resume says so', async () => {
    const terminal = await applyUntilGate();
    terminal.type(interrupt);
    await terminal.until(/again to quit immediately/);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    const run = newRun() ?? '';
    expect(stdout).toContain('SIGINT: quitting now. In progress: n1.');
    expect(stdout).toContain(`Each node reverts an undecided change on its own within ${deadline} s`);
    expect(stdout).toMatch(new RegExp(`kubelatch resume ${run}\\s`));
    expectUsable(terminal);
    expect(stdout).not.toMatch(/ at .*\.js:\d+/);
    // The units of the switch go last.
    const armed = 'ls /etc/systemd/system/kubelatch-switch.timer';
    expect((await lab.on('n1', armed)).code).toBe(0);
    await expect.poll(async () => (await lab.on('n1', armed)).code, { timeout: 120_000, interval: 1000 }).not.toBe(0);
    expect(await kubeletFiles(lab, 'n1')).toEqual(before['n1']);
    await lab.waitReady('n1');
    await expectOpen(lab, 'n1');
    for (const node of nodes) await expectNothingArmed(node);
    expect(await look('n2')).toEqual(before['n2']);
    const ended = await scene.result<RunResult>(4, ['resume', run, '-i', scene.inventory(nodes), '--yes']);
    expect(outcomes(ended)).toEqual({ n1: 'reverted', n2: 'skipped' });
  });
});

describe('before anything is changed', () => {
  it.each([
    ['Ctrl-C', 'SIGINT', 130],
    ['SIGTERM', 'SIGTERM', 143],
  ] as const)('%s at the question ends it', async (_, name, code) => {
    const terminal = openTerminal(scene, ['apply', '-i', scene.inventory(nodes)]);
    await terminal.until(/Change 2 hosts now\?/);
    if (name === 'SIGINT') terminal.type(interrupt);
    else terminal.signal(name);
    const { code: ended, stdout } = await terminal.ended();
    expect(ended, stdout).toBe(code);
    expectUsable(terminal);
    expect(newRun()).toBeUndefined();
    expect([await kubeletFiles(lab, 'n1'), await look('n2')]).toEqual([before['n1'], before['n2']]);
  });

  it('a terminal that is closed at the question ends it', async () => {
    const terminal = openTerminal(scene, ['apply', '-i', scene.inventory(nodes)]);
    await terminal.until(/Change 2 hosts now\?/);
    await terminal.hangUp();
    // The end of what is typed may come before the signal.
    expect([129, 130]).toContain(await terminal.exitCode());
    expect(newRun()).toBeUndefined();
  });

  it('Ctrl-C leaves an audit at once, without half a result', async () => {
    const silent = ['gone', { address: '10.77.0.99' }] as const;
    const terminal = openTerminal(scene, ['audit', '-i', scene.inventory([...nodes, silent])]);
    await terminal.until(/Reading/);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).not.toMatch(/unreachable|Audit:/);
    expectUsable(terminal);
  });
});
