/** The guided mode on real terminals (pseudo-terminals), against hosts of this machine that can be read and not changed. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../cli/program.js';
import { openGuidedPlace } from './guided-session.js';
import { createScreen } from './screen.js';
import { type Terminal, down, enter, escape, interrupt } from './session.js';

const place = openGuidedPlace();

/** Up to the posture, with all hosts and the baseline. */
async function toPosture(terminal: Terminal): Promise<string> {
  await terminal.until(/Which hosts\?[\s\S]*one by one/);
  terminal.type(enter);
  await terminal.until(/Which playbooks\?[\s\S]*baseline/);
  terminal.type(enter);
  return terminal.until(/What next\?[\s\S]*Quit/);
}

async function toPlan(terminal: Terminal): Promise<string> {
  await toPosture(terminal);
  terminal.type(enter);
  return terminal.until(/What next\?[\s\S]*Quit/);
}

/** The cursor and the lines are the shell's again. */
function expectUsable(terminal: Terminal): void {
  expect(terminal.modes().split(/[\s;]+/)).toEqual(expect.arrayContaining(['icanon', 'echo', 'isig', 'opost']));
  const raw = terminal.raw();
  expect(raw.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(raw.lastIndexOf('\u001b[?25l'));
}

describe('the screens', () => {
  it('lead from the posture over rules, diffs and the rollout to a command, and back', async () => {
    const terminal = place.open(3);
    const posture = await toPosture(terminal);
    expect(posture).toMatch(/Posture of 4 hosts: 5 rules to look at/);
    expect(posture).toMatch(/n\[1:3\] \(3\) {2}x {2}x {2}x {2}x {2}\?/);
    terminal.type(down + enter);
    expect(await terminal.until(/Which rules to apply\?[\s\S]*Esc back/)).toMatch(/May break: Clients without/);
    // Without the first and the second.
    terminal.type(` ${down} ${enter}`);
    await terminal.until(/Choose rules \(2 of 4 chosen\)[\s\S]*Quit/);
    terminal.type(enter);
    const plan = await terminal.until(/What next\?[\s\S]*Quit/);
    expect(plan).toMatch(/3 nodes, the same change\n {2}fixes: authorization-mode, read-only-port/);
    expect(plan).not.toContain('+++');
    expect(plan).toMatch(/3 waves: n1 first, then 1 at a time, edge1 last; about 80 s; a node that does not/);
    terminal.type(down + enter);
    await terminal.until(/Which change\?[\s\S]*Back/);
    terminal.type(enter);
    expect(await terminal.until(/Which change\?[\s\S]*Back/)).toMatch(/\+\+\+ \/var\/lib\/kubelet\/config\.yaml/);
    terminal.type(escape);
    await terminal.until(/What next\?[\s\S]*Quit/);
    terminal.type(`${down}${down}${enter}`);
    await terminal.until(/Change what\?[\s\S]*Back/);
    terminal.type(enter);
    await terminal.until(/How do the waves grow\?[\s\S]*All in one wave/);
    terminal.type(`${down}${down}${enter}`);
    await terminal.until(/Change what\?[\s\S]*Back/);
    terminal.type(escape);
    expect(await terminal.until(/What next\?[\s\S]*Quit/)).toMatch(
      /2 waves: n\[1:3\] \(1 at a time\) first, edge1 last/,
    );
    terminal.type(`${down.repeat(4)}${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(0);
    expect(stdout).toContain(
      `Nothing was changed. To apply this without questions:\n    kubelatch apply --yes -i ${place.inventory(3)} -p baseline --rule authorization-mode --rule read-only-port --waves 100% --host-keys accept-new --observe 0\n`,
    );
    expectUsable(terminal);
  });

  it('a host that fails: its reason, what was done, and four ways to go on', async () => {
    const terminal = place.open(2);
    await toPlan(terminal);
    terminal.type(enter);
    expect(await terminal.until(/Type lab to confirm/)).toMatch(
      /This change is risky:\n {2}! it changes control-plane nodes: edge1\n {2}! without the API server/,
    );
    terminal.type(`lab${enter}`);
    const failed = await terminal.until(/n1 failed\. What next\?[\s\S]*Stop here[^\n]*/);
    expect(failed).toMatch(/Stopped: 1 host failed \(n1\), 0 allowed/);
    expect(failed).toMatch(
      /Retry n1 alone\n.*Go on: retry n1, then the rest \(2 hosts\)\n.*Skip n1, go on with 2 hosts\n.*Undo: roll back every/,
    );
    terminal.type(`${down.repeat(3)}${enter}`);
    const { stdout } = await terminal.ended();
    expect(stdout).toContain('No host was changed. There is nothing to roll back.');
    expectUsable(terminal);
  });
});

/** From the plan to the list of one setting of the rollout. */
async function toSetting(terminal: Terminal, at: number): Promise<string> {
  terminal.type(`${down.repeat(2)}${enter}`);
  await terminal.until(/Change what\?[\s\S]*Back/);
  terminal.type(`${down.repeat(at)}${enter}`);
  return terminal.until(/\?[\s\S]*Another value[\s\S]*Esc back/);
}

describe('the rollout', () => {
  it('takes values of its own, checks them at once, and Ctrl-C repeats what was chosen', async () => {
    const terminal = place.open(3, ['--max-unavailable', '25%']);
    await toPosture(terminal);
    terminal.type(down + enter);
    await terminal.until(/Which rules to apply\?[\s\S]*Esc back/);
    terminal.type(` ${enter}`);
    await terminal.until(/Choose rules \(3 of 4 chosen\)[\s\S]*Quit/);
    terminal.type(enter);
    await terminal.until(/What next\?[\s\S]*Quit/);
    await toSetting(terminal, 0);
    terminal.type(down.repeat(3) + enter);
    await terminal.until(/Hosts done after each wave, as counts or shares: 1,10%,50%,100%/);
    terminal.type(`5,1${enter}`);
    await terminal.until(/It must grow, because [\s\S]*1 comes after 5/);
    terminal.type(`\u0015 2,100%${enter}`);
    // The list starts at the setting that was changed.
    expect(await terminal.until(/Change what\?[\s\S]*Back/)).toMatch(/❯ Waves: 2,100% \(hosts/);
    terminal.type(escape);
    await terminal.until(/What next\?[\s\S]*Quit/);
    expect(await toSetting(terminal, 1)).toMatch(/❯ 25% of the cluster/);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toMatch(
      /To apply the plan without questions:\s+kubelatch apply --yes .* --rule \S+ --rule \S+ --rule \S+ --waves 2,100% --max-unavailable 25% /,
    );
  });
});

describe('maintenance windows and hooks', () => {
  const soon = (): string => new Date(Date.now() + 5 * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const tooLate =
    /o host can start: the maintenance window ends at .{6,40}, in \d+ (?:min|s), and a host may need 8 min \(restart 90 s \+ health checks 2 min \+ revert 4 min\)/;
  /** Lines break where the terminal ends. */
  const unbroken = (text: string): string => text.replace(/\s+/g, ' ');

  it('--until too near: the plan says so with the arithmetic, and nobody is asked to confirm', async () => {
    const terminal = place.open(2, ['--until', soon()]);
    expect(unbroken(await toPlan(terminal))).toMatch(tooLate);
    terminal.type(enter);
    expect(await terminal.until(/What next\?[\s\S]*What next\?[\s\S]*Quit/)).toMatch(/Start again with a later/);
    terminal.type(`${down.repeat(4)}${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(1);
    expect(stdout).toContain('Nothing was changed. To apply this');
    expect(stdout).not.toMatch(/Type lab|Apply these changes now/);
  });

  it('--until too near: apply refuses before it asks', async () => {
    const terminal = place.open(2, ['--no-cluster', '--until', soon()], { verb: 'apply' });
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(1);
    expect(unbroken(stdout)).toMatch(tooLate);
    expect(stdout).toMatch(/nothing was changed; use a later --until\n$/);
    expect(stdout).not.toContain('Change 2 hosts now?');
  });

  it('--until with time, --pause-after and hooks: said before, asked between, run around each', async () => {
    const facts = join(place.folder, 'facts');
    const hook = join(place.folder, 'hook');
    writeFileSync(hook, `#!/bin/sh\ncat >>${facts}\necho silenced\n`, { mode: 0o700 });
    const hooks = ['--hook-before-host', hook, '--hook-after-host', hook];
    const pace = ['--pause-after', '1', '--waves', '1,100%', '--max-failures', '3', '--until', '2099-01-01T00:00Z'];
    const terminal = place.open(2, [...pace, ...hooks]);
    const plan = await toPlan(terminal);
    expect(plan).toContain('Only hosts that can finish by Thu 1 Jan 00:00');
    expect(plan).toContain('You are asked before the run goes on after wave 1.');
    terminal.type(enter);
    await terminal.until(/Type lab to confirm/);
    terminal.type(`lab${enter}`);
    await terminal.until(/Wave 1 of 3 is done: 1 failed\. 2 hosts left\. Go on with wave 2 \(1 host\)\?/);
    terminal.type(enter);
    await terminal.until(/What next\?[\s\S]*Stop here[^\n]*/);
    terminal.type(`${down.repeat(4)}${enter}`);
    const { stdout } = await terminal.ended();
    expect(stdout).toContain(`--until 2099-01-01T00:00Z --hook-before-host ${hook} --hook-after-host ${hook}`);
    const calls = readFileSync(facts, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { hook: string; host: { name: string } });
    expect(calls.map((one) => `${one.hook} ${one.host.name}`)).toEqual(['before-host n1', 'after-host n1']);
    expectUsable(terminal);
  });
});

describe('no inventory yet', () => {
  it('offers to make one; a no says what is missing', async () => {
    const terminal = place.openEmpty();
    await terminal.until(/There is no \.\/inventory\.yaml yet\. Make one now\?/);
    terminal.type(`n${enter}`);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(64);
    expect(stdout).toMatch(/inventory\.yaml: no such file/);
  });

  it('asks where the hosts are; Ctrl-C writes nothing', async () => {
    const terminal = place.openEmpty();
    await terminal.until(/Make one now\?/);
    terminal.type(`y${enter}`);
    await terminal.until(/Esc|navigate/);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toContain('Nothing was written.');
    expectUsable(terminal);
  });
});

describe('Ctrl-C', () => {
  const cancelled = /kubelatch: Cancelled\. Nothing was changed\.\n$/;
  const withCommand =
    /kubelatch: Cancelled\. Nothing was changed\.\n {2}To apply the plan without questions:\s+kubelatch apply --yes [^\n]*\n$/;
  const places: readonly (readonly [string, (terminal: Terminal) => Promise<unknown>, RegExp])[] = [
    ['at the first question', (terminal) => terminal.until(/Which hosts\?[\s\S]*one by one/), cancelled],
    [
      'while hosts are read',
      async (terminal) => {
        await terminal.until(/Which hosts\?[\s\S]*one by one/);
        terminal.type(enter);
        await terminal.until(/Which playbooks\?[\s\S]*baseline/);
        terminal.type(enter);
        await terminal.until(/Reading: /);
      },
      /Nothing was changed\./,
    ],
    ['at the posture', toPosture, cancelled],
    ['at the plan', toPlan, withCommand],
    [
      'where the name of the cluster is typed',
      async (terminal) => {
        await toPlan(terminal);
        terminal.type(enter);
        await terminal.until(/Type lab to confirm/);
        terminal.type('la');
        await terminal.until(/: la$/);
      },
      withCommand,
    ],
  ];
  it.each(places)('%s: says that nothing was changed', async (_, go, said) => {
    const terminal = place.open(2);
    await go(terminal);
    terminal.type(interrupt);
    const { code, stdout } = await terminal.ended();
    expect(code, stdout).toBe(130);
    expect(stdout).toMatch(said);
    expect(stdout.split('Nothing was changed').length).toBe(2);
    expectUsable(terminal);
  });
});

describe('the terminal', () => {
  it.each([40, 80, 120])('%i columns: no line is wider, but commands and diffs', async (columns) => {
    const terminal = place.open(3, [], { columns });
    await toPlan(terminal);
    terminal.type(interrupt);
    await terminal.ended();
    const screen = createScreen(columns);
    screen.write(terminal.raw());
    const wide = screen.lines().filter((line) => line.length > columns && !/^( {2,}kubelatch |kubelatch: )/.test(line));
    expect(wide).toEqual([]);
    // The matrix, and the list under the last question, once: what was drawn before is gone.
    expect(screen.lines().filter((line) => line.startsWith('HOST'))).toEqual(['HOST        1  2  3  4  5']);
    expect(screen.lines().filter((line) => line.includes('Apply these changes'))).toHaveLength(1);
  });

  it.each([
    ['NO_COLOR', { NO_COLOR: '1' }, false],
    ['TERM=dumb', { TERM: 'dumb' }, false],
    ['a terminal', {}, true],
  ])('%s: colour and no colour', async (_, env, hasColor) => {
    const terminal = place.open(2, [], { env });
    await toPosture(terminal);
    terminal.type(interrupt);
    const { stdout } = await terminal.ended();
    expect(stdout).toMatch(/edge1 +x {2}x/);
    expect(terminal.raw().match(/\u001b\[[\d;]*m/g) !== null).toBe(hasColor);
  });

  it('is followed when it is resized in the middle', async () => {
    const terminal = place.open(3, [], { columns: 120 });
    await toPosture(terminal);
    terminal.resize(50, 40);
    terminal.type(enter);
    const plan = await terminal.until(/What next\?[\s\S]*Quit/);
    terminal.type(interrupt);
    await terminal.ended();
    const text = plan.slice(plan.indexOf('n[1:3] (kubeadm)'));
    expect(text).toContain('may break');
    expect(text.split('\n').filter((line) => line.length > 50 && !/^ {4,}kubelatch /.test(line))).toEqual([]);
  });
});

describe('without a person', () => {
  const run = (args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], HOME: join(place.folder, 'home'), LANG: 'C.UTF-8' };
      const command = [main, ...args, '-i', place.inventory(2), '--host-keys', 'accept-new'];
      const child = execFile(process.execPath, command, { cwd: place.folder, env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
      child.stdin?.end();
    });

  it.each([[['apply']], [['rollback']], [['resume']], [['uninstall']]])('%j refuses with 64', async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('there is no terminal');
    expect(stderr).toContain('--yes');
  });

  it('the guided mode is short help and 64', async () => {
    const { code, stdout } = await run([]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  });

  it('--yes in a pipe asks nothing, and stdout is the result alone', async () => {
    const { code, stdout, stderr } = await run(['apply', '--yes', '--no-cluster', '--observe', '0']);
    expect(code, stderr).toBe(4);
    expect(stdout).toMatch(/^OUTCOME[\s\S]*\nApply: 1 failed, 2 skipped in \d+ s\n$/);
    expect(stdout + stderr).not.toMatch(/\u001b|What next|\?25/);
  });
});
