import { describe, expect, it, vi } from 'vitest';
import { type GateResult, passGate, passOldGate } from '../../src/gate/gate.js';
import type { GateOptions } from '../../src/gate/check.js';
import { lastErrors, watchKubelet } from '../../src/gate/kubelet-watch.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import type { KubeletPorts } from '../../src/facts/kubelet-ports.js';
import { fail, ok } from '../../src/lib/result.js';
import { FakeSession } from '../fake/fake-session.js';
import { FakeNode, b64, context, fakeCluster, lost, nodeStatus, plan, watched } from '../change/fake-node.js';
import { monotonic } from '../change/virtual-time.js';

vi.mock(import('../../src/lib/clock.js'), async (original) => ({
  ...(await original()),
  ...(await import('../change/virtual-time.js')),
}));

const before = {
  ...{ active: 'active', sub: 'running', pid: 9, startTicks: 1, restarts: 0, restartDelay: 100 },
  containers: [],
  log: [],
};

async function gate(node: FakeNode, over: Partial<GateOptions> = {}): Promise<GateResult & { took: number }> {
  const session = node.session();
  if (!session.ok) throw new Error('no session');
  const start = monotonic();
  const result = await passGate({
    ...node.task(),
    session: session.value,
    cluster: context().cluster,
    before,
    expect: plan().expect,
    timing: { gate: 60_000, settle: 3000 },
    ...over,
  });
  await session.value.close();
  node.verify();
  return { ...result, took: monotonic() - start };
}

const open = (result: GateResult): string[] => result.blamed.map(({ check }) => check);
const seen = ({ checks }: GateResult, check: string): string | undefined =>
  checks.find((one) => one.check === check)?.seen;

describe('the process', () => {
  it('must be another one than before, by start time where the pid is the same', async () => {
    const node = new FakeNode();
    node.kubelet = { pid: 9, ticks: 1 };
    const result = await gate(node);
    expect(open(result)).toEqual(['kubelet-process']);
    expect(seen(result, 'kubelet-process')).toBe('the old process still runs');
    node.kubelet = { pid: 9, ticks: 2 };
    expect((await gate(node)).passed).toBe(true);
  });

  it.each([
    ['waits to be started again', { sub: 'auto-restart', active: 'activating', pid: 0 }],
    ['is given up', { active: 'failed', sub: 'failed', pid: 0 }],
  ])('that %s ends the gate at once', async (_, kubelet) => {
    const node = new FakeNode();
    node.kubelet = kubelet;
    const result = await gate(node);
    expect([result.passed, result.took]).toEqual([false, 0]);
  });

  it.each([
    ['is replaced by another', { pid: 11 }],
    ['was started again', { restarts: 1 }],
    ['is gone', { pid: 0, active: 'inactive', sub: 'dead' }],
  ])('that %s later ends the gate too', async (_, later) => {
    const node = new FakeNode();
    const start = monotonic();
    node.watch = () => watched(monotonic() - start < 2000 ? {} : later);
    const result = await gate(node);
    expect([result.passed, result.took]).toEqual([false, 2000]);
    expect(seen(result, 'kubelet-process')).toMatch(/^the process exited/);
  });

  it('that has not come yet is waited for, until the deadline', async () => {
    const node = new FakeNode();
    const start = monotonic();
    node.watch = () => watched(monotonic() - start < 20_000 ? { pid: 0, active: 'activating', sub: 'start' } : {});
    expect((await gate(node)).passed).toBe(true);
    node.watch = () => watched({ pid: 0, active: 'activating', sub: 'start' });
    const late = await gate(node);
    expect(late.passed).toBe(false);
    expect(late.took).toBeGreaterThanOrEqual(60_000);
  });
});

it('tells what it waits for when that changes, and for how long Ready has to hold', async () => {
  const awaited: string[] = [];
  const onWait: GateOptions['onWait'] = ({ check, held }) => awaited.push(`${check} ${held?.of ?? '-'}`);
  expect((await gate(new FakeNode(), { onWait, timing: { gate: 60_000, settle: 20_000 } })).passed).toBe(true);
  expect(awaited.at(-1)).toBe('ready 20000');
  expect(new Set(awaited).size).toBe(awaited.length);
});

describe('the API server', () => {
  const withNodes = (nodes: (since: number) => readonly NodeStatus[]) => {
    const start = monotonic();
    return fakeCluster(() => nodes(monotonic() - start));
  };

  it('must see two renewals of the lease after the first look', async () => {
    const renewed = (times: number) => (since: number) => [
      nodeStatus('n1', { leaseRenewed: `r${Math.min(times, Math.floor(since / 5000))}` }),
    ];
    expect(open(await gate(new FakeNode(), { cluster: withNodes(renewed(1)) }))).toEqual(['lease']);
    const result = await gate(new FakeNode(), { cluster: withNodes(renewed(2)) });
    expect([result.passed, result.took]).toEqual([true, 10_000]);
  });

  it('is read again at first, because an older list may be from before the restart', async () => {
    const ages: (number | undefined)[] = [];
    const real = fakeCluster(() => [nodeStatus('n1')]);
    const cluster = fakeCluster(() => [], { view: (age) => (ages.push(age), real.view()) });
    await gate(new FakeNode(), { cluster });
    expect([ages[0], ages.slice(1).every((age) => age !== undefined && age > 0)]).toEqual([0, true]);
  });

  it('must see the node Ready without a break', async () => {
    // Not Ready for a moment at every second 2.5: never 3 s in a row, until second 30.
    const flaps = (since: number) => [
      nodeStatus('n1', since < 30_000 && since % 2500 === 0 ? { ready: 'Unknown', reason: 'gone' } : {}),
    ];
    const result = await gate(new FakeNode(), { cluster: withNodes(flaps) });
    expect(result.passed).toBe(true);
    expect(result.took).toBeGreaterThan(30_000);
    const down = await gate(new FakeNode(), {
      cluster: withNodes(() => [nodeStatus('n1', { ready: 'False', reason: 'CNI' })]),
    });
    expect([open(down), seen(down, 'ready')]).toEqual([['ready'], 'Ready=False: CNI']);
  });

  it('must answer, and know the node', async () => {
    const error = { kind: 'unreachable', message: 'no answer' } as const;
    const silent = fakeCluster(() => [], {
      view: () => Promise.resolve(fail(error)),
      configz: () => Promise.resolve(fail(error)),
    });
    expect(open(await gate(new FakeNode(), { cluster: silent }))).toEqual(['lease', 'ready', 'configz']);
    expect(open(await gate(new FakeNode(), { cluster: fakeCluster(() => []) }))).toEqual(['lease', 'ready']);
  });

  it('must read every planned setting from the kubelet, and say which it did not', async () => {
    const configz = () => Promise.resolve(ok({ authentication: { anonymous: { enabled: true } }, readOnlyPort: 0 }));
    const result = await gate(new FakeNode(), { cluster: fakeCluster(() => [nodeStatus('n1')], { configz }) });
    expect(open(result)).toEqual(['configz']);
    expect(seen(result, 'configz')).toBe('authentication.anonymous.enabled is true, not false');
  });

  it.each<[readyz: number, livez: number, healthz: number, verdict: 'ok' | 'failed' | 'unchecked', asked: number]>([
    [200, 0, 0, 'ok', 1],
    [500, 200, 200, 'failed', 1],
    // The server of 1.36 has no /readyz/etcd.
    [404, 200, 0, 'ok', 2],
    [404, 500, 200, 'failed', 2],
    [403, 404, 200, 'ok', 3],
    [403, 403, 500, 'failed', 3],
    [404, 404, 404, 'unchecked', 3],
    [403, 404, 403, 'unchecked', 3],
    // No answer at all is no leave to go on.
    [0, 200, 200, 'failed', 1],
  ])(
    'must say that etcd is well on a control-plane node: %i, %i, %i',
    async (readyz, livez, healthz, verdict, asked) => {
      const statuses = { readyz, livez, healthz };
      const endpoints = new Set<string>();
      const cluster = fakeCluster(() => [nodeStatus('n1')], {
        readyz: (part, endpoint = 'readyz') => {
          if (part === undefined) return Promise.resolve(ok(undefined));
          endpoints.add(endpoint);
          const status = statuses[endpoint];
          const error = {
            kind: 'refused',
            status: status === 0 ? undefined : status,
            message: `HTTP ${status}`,
          } as const;
          return Promise.resolve(status === 200 ? ok(undefined) : fail(error));
        },
      });
      const result = await gate(new FakeNode(), { cluster, controlPlane: true });
      expect([open(result), result.passed]).toEqual(verdict === 'failed' ? [['etcd'], false] : [[], true]);
      const check = result.checks.find((one) => one.check === 'etcd');
      expect(check?.passed).toBe(verdict === 'ok');
      expect(check?.unchecked).toBe(verdict === 'unchecked' ? true : undefined);
      expect(endpoints.size).toBe(asked);
      if (verdict === 'unchecked') expect(check?.seen).toContain(`/healthz/etcd: HTTP ${healthz}`);
      expect((await gate(new FakeNode(), { cluster })).passed).toBe(true);
    },
  );

  it('must be ready itself on a control-plane node', async () => {
    const readyz = () => Promise.resolve(fail({ kind: 'refused', message: 'HTTP 500' } as const));
    const cluster = fakeCluster(() => [nodeStatus('n1')], { readyz });
    expect(open(await gate(new FakeNode(), { cluster, controlPlane: true }))).toEqual(['api-server-readyz', 'etcd']);
    expect((await gate(new FakeNode(), { cluster })).passed).toBe(true);
  });

  it('is not waited for where it cannot be asked, and that is said', async () => {
    for (const over of [{ cluster: undefined }, { nodeName: undefined }]) {
      const result = await gate(new FakeNode(), { ...over, controlPlane: true });
      expect(result.passed).toBe(true);
      const unchecked = result.checks.filter((one) => one.unchecked === true);
      expect(unchecked.map(({ check, passed }) => [check, passed])).toEqual(
        ['lease', 'ready', 'configz', 'api-server-readyz', 'etcd'].map((check) => [check, false]),
      );
    }
  });
});

describe('the doors', () => {
  it('are tried as far as the plan says something of them', async () => {
    const node = new FakeNode();
    node.doors = { '10248': 'status 200', '10250': 'status 200', '10255': 'status 200' };
    expect(open(await gate(node))).toEqual(['anonymous-10250', 'read-only-port']);
    expect((await gate(node, { expect: [] })).passed).toBe(true);
    node.doors = {};
    const ports = { kubelet: 10250, readOnly: 10255, healthz: 0, healthzHost: '127.0.0.1' };
    expect((await gate(node, { expect: [], ports })).passed).toBe(true);
    expect(open(await gate(node, { expect: [] }))).toEqual(['healthz']);
  });
});

describe('the addresses of a kubelet', () => {
  const own = '10.0.0.5';
  const bound: KubeletPorts = {
    ...{ kubelet: 10250, readOnly: 10255, healthz: 10248, healthzHost: '127.0.0.1' },
    address: own,
  };
  /** Only what is named listens. */
  const withDoors = (doors: Readonly<Record<string, string>>): FakeNode => {
    const node = new FakeNode();
    node.doors = { '10248': 'refused', '10250': 'refused', '10255': 'refused', ...doors };
    return node;
  };
  const well = { '127.0.0.1 10248': 'status 200', [`${own} 10250`]: 'status 401' };

  it.each<[string, Partial<KubeletPorts>, Readonly<Record<string, string>>, readonly string[]]>([
    ['its own: asked there', {}, well, []],
    ['its own: open there', {}, { ...well, [`${own} 10250`]: 'status 200' }, ['anonymous-10250']],
    ['its own: nobody there', {}, { ...well, [`${own} 10250`]: 'refused' }, ['anonymous-10250']],
    [
      'its own: denied, but not for lack of credentials',
      {},
      { ...well, [`${own} 10250`]: 'status 403' },
      ['anonymous-10250'],
    ],
    ['its own: the read-only port is there', {}, { ...well, [`${own} 10255`]: 'status 200' }, ['read-only-port']],
    ['its own: the read-only port is elsewhere', {}, { ...well, '127.0.0.1 10255': 'status 200' }, ['read-only-port']],
    [
      'its own: the read-only port has another number',
      { readOnly: 10255, readOnlyPorts: [10255, 10300] },
      { ...well, '10300': 'refused', [`${own} 10300`]: 'status 200' },
      ['read-only-port'],
    ],
    [
      'every one',
      { address: '0.0.0.0' },
      { '127.0.0.1 10248': 'status 200', '127.0.0.1 10250': 'status 401', '::1 10250': 'unknown' },
      [],
    ],
    [
      'every one of IPv6 alone',
      { address: '::', healthzHost: '::1' },
      { '::1 10248': 'status 200', '::1 10250': 'status 401' },
      [],
    ],
    ['every one of IPv6 alone, open', { address: '::' }, { ...well, '::1 10250': 'status 200' }, ['anonymous-10250']],
    [
      'every one, by a plan that does not say',
      { address: undefined },
      { ...well, '127.0.0.1 10250': 'status 401' },
      [],
    ],
    ['its own for health', { healthzHost: own }, { ...well, [`${own} 10248`]: 'status 200' }, []],
    ['its own for health, and nobody there', { healthzHost: own }, well, ['healthz']],
    [
      'its own of IPv6',
      { address: 'fd00::5', healthzHost: 'fd00::5' },
      { 'fd00::5 10248': 'status 200', 'fd00::5 10250': 'status 401' },
      [],
    ],
  ])('%s', async (_, over, doors, blamed) => {
    const result = await gate(withDoors(doors), { ports: { ...bound, ...over } });
    expect([open(result), result.passed]).toEqual([blamed, blamed.length === 0]);
  });

  it('are the old ones when a change that moved them is rolled back', async () => {
    const node = withDoors({ [`${own} 10348`]: 'status 200' });
    const session = node.session();
    if (!session.ok) throw new Error('no session');
    const before = { ...bound, healthz: 10348, healthzHost: own };
    const task = node.task({ ports: { ...bound, before } });
    expect((await passOldGate(session.value, task, context())).passed).toBe(true);
    const moved = node.task({ ports: { ...before, before: bound } });
    expect(open(await passOldGate(session.value, moved, context()))).toEqual(['healthz']);
    await session.value.close();
  });
});

it('keeps trying where no new connection comes about, and fails at the deadline', async () => {
  const node = new FakeNode();
  node.watch = () => ({ error: lost });
  let connections = 0;
  node.connect = () => (connections++ === 0 ? ok(undefined) : fail(lost));
  const result = await gate(node);
  expect([result.passed, open(result).includes('kubelet-process'), result.log]).toEqual([false, true, []]);
});

describe('what the node says of its kubelet', () => {
  const read = (stdout: string) => watchKubelet(new FakeSession().onRun('', stdout), new FakeNode().task().target, 5);

  it('is taken for what it is, whatever it holds', async () => {
    expect(await read('')).toMatchObject({ ok: false, error: { kind: 'script' } });
    expect(await read('ActiveState=active\nMainPID=5\n')).toMatchObject({ ok: false });
    const nothing = { active: '', sub: '', pid: 0, startTicks: 0, restarts: 0, containers: [], log: [] };
    expect(await read('end=\n')).toMatchObject({ ok: true, value: nothing });
    const hostile = ['MainPID=1e999', 'NRestarts=x', 'process=12 !!!', 'process=x y', 'RestartUSec=soon', 'end='];
    expect(await read(hostile.join('\n'))).toMatchObject({ ok: true, value: { pid: 0, restarts: 0 } });
    const log = `log=${b64(`\u001b]0;x\u0007one\u202e\r\n\n${'y'.repeat(5000)}`)}\nend=\n`;
    const state = await read(log);
    expect(state.ok && state.value.log.map((line) => line.length)).toEqual([3, 400]);
  });

  it('finds the kubelet below another main process', async () => {
    const stat = (pid: number, parent: number, name: string): string =>
      `process=${pid} ${b64(`${pid} (${name}) S ${parent} ${Array.from({ length: 17 }, () => '0').join(' ')} ${pid}00 0`)}`;
    const lines = ['MainPID=7', stat(5, 1, 'kubelet'), stat(7, 1, 'a) S 3 (x'), stat(8, 7, 'kubelet'), 'end='];
    expect(await read(lines.join('\n'))).toMatchObject({ ok: true, value: { pid: 8, startTicks: 800 } });
  });

  it('is cut down to the lines that say why it died', () => {
    const log = ['I0101 ok', 'E0101 one', 'I0101 two', 'F0101 bad flag', 'systemd[1]: kubelet.service: Failed'];
    expect(lastErrors(log)).toContain('F0101 bad flag');
    expect(lastErrors(log).some((line) => line.includes('systemd') || line.startsWith('I0101'))).toBe(false);
    expect(lastErrors(['a', 'b'])).toEqual(['a', 'b']);
    expect(lastErrors([])).toEqual([]);
  });
});

it('ends with its settle window, and not with the poll after it; each poll sees a newer list', async () => {
  const lists: number[] = [];
  const all = fakeCluster(() => [nodeStatus('n1')]);
  let last = -Infinity;
  const view: typeof all.view = (maxAge = 0) => {
    if (monotonic() - last > maxAge) last = monotonic();
    lists.push(last);
    return all.view();
  };
  const cluster = fakeCluster(() => [], { view });
  const result = await gate(new FakeNode(), { cluster, timing: { gate: 60_000, settle: 20_200 } });
  expect([result.passed, result.took]).toEqual([true, 20_200]);
  expect(lists.length).toBeGreaterThan(20);
  expect(new Set(lists).size).toBe(lists.length);
});
