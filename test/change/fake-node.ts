/** A node and its cluster as apply sees them, without either: transaction, kubelet, lease, ports. */
import type { Cluster } from '../../src/cluster/cluster.js';
import type { NodeStatus } from '../../src/cluster/nodes.js';
import type { HostTask, RunContext } from '../../src/change/host-task.js';
import type { Journal, JournalEntry } from '../../src/run/journal.js';
import type { TxnAbout } from '../../src/change/transaction.js';
import type { RunEvent } from '../../src/run/outcome.js';
import { type Result, fail, ok } from '../../src/lib/result.js';
import { script } from '../../src/node/scripts.js';
import { sha256Of } from '../../src/lib/digest.js';
import type { HostPlan } from '../../src/plan/host-plan.js';
import type { HostError } from '../../src/ssh/errors.js';
import { FakeSession, type RunAnswer } from '../fake/fake-session.js';
import { monotonic } from './virtual-time.js';

export const b64 = (text: string): string => Buffer.from(text).toString('base64');
export const answer = (word: string, detail = ''): string => `result ${word} ${b64(detail)}\n`;
export const lost: HostError = { kind: 'lost', message: 'the connection broke', hint: '' };

export function watched({ pid = 10, ticks = 500, active = 'active', sub = 'running', restarts = 0, log = '' }): string {
  const stat = `${pid} (kubelet) S 1 ${Array.from({ length: 17 }, () => '0').join(' ')} ${ticks} 0`;
  const process = pid === 0 ? [] : [`process=${pid} ${b64(stat)}`];
  const unit = [`ActiveState=${active}`, `SubState=${sub}`, `MainPID=${pid}`, `NRestarts=${restarts}`];
  return [...unit, 'RestartUSec=100ms', ...process, `log=${b64(log)}`, 'end=', ''].join('\n');
}

const happy: Readonly<Record<string, string>> = {
  prepare: answer('prepared'),
  arm: answer('armed', '90'),
  beat: answer('beating', '90'),
  write: answer('applied'),
  restart: answer('restarted'),
  confirm: answer('confirmed'),
  revert: answer('reverted'),
};

/** What the node is made to do; all of it can be changed while a test runs. */
export class FakeNode {
  /** Verbs of txn.sh that were called, but for the beat of the pulse. */
  readonly verbs: string[] = [];
  readonly sessions: FakeSession[] = [];
  answers: Record<string, RunAnswer | (() => RunAnswer)> = {};
  kubelet: Parameters<typeof watched>[0] = {};
  watch: (() => RunAnswer) | undefined;
  /** SHA-256 of the files it is asked for, in their order. */
  sums: readonly string[] = [];
  connect: () => Result<undefined, HostError> = () => ok(undefined);
  /** Per port, or `ADDRESS PORT`, what an anonymous request sees. */
  doors: Record<string, string> = { '10250': 'status 401', '10255': 'refused', '10248': 'status 200' };

  session(): Result<FakeSession, HostError> {
    const connected = this.connect();
    if (!connected.ok) return connected;
    const session = new FakeSession('n1');
    session.onOpen(() => true, { error: { kind: 'forward', message: 'forbidden', hint: '' } });
    session.onRun(
      (call) => call.script === script('http'),
      ({ args: [, host = '', port = ''] }) => `${this.doors[`${host} ${port}`] ?? this.doors[port] ?? 'unknown'}\n`,
    );
    session.onRun(
      (call) => call.script === script('hashes'),
      () => [...this.sums.map((sum) => `sum ${sum}`), 'end', ''].join('\n'),
    );
    session.onRun(
      (call) => call.script === script('watch'),
      () => this.watch?.() ?? watched(this.kubelet),
    );
    session.onRun(
      (call) => call.script === script('serving'),
      ({ args: [verb = ''] }) => {
        this.verbs.push(`serving ${verb}`);
        const given = this.answers[`serving ${verb}`];
        return (typeof given === 'function' ? given() : given) ?? answer('dropped');
      },
    );
    session.onRun(
      (call) => call.script === script('txn'),
      (call) => {
        const verb = call.args[0] ?? '';
        if (verb !== 'beat') this.verbs.push(verb === 'revert' ? `revert ${call.args[2] ?? ''}` : verb);
        if (verb === 'restart' || call.args[2] === 'restart')
          this.kubelet = { ...this.kubelet, pid: (this.kubelet.pid ?? 10) + 1 };
        const given = this.answers[verb];
        return (typeof given === 'function' ? given() : given) ?? happy[verb] ?? '';
      },
    );
    this.sessions.push(session);
    return ok(session);
  }

  task(over: Partial<HostTask> = {}): HostTask {
    return {
      host: 'n1',
      nodeName: 'n1',
      controlPlane: false,
      target: { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
      ports: { kubelet: 10250, readOnly: 10255, healthz: 10248, healthzHost: '127.0.0.1' },
      connect: () => Promise.resolve(this.session()),
      ...over,
    };
  }

  /** Every connection is closed, and nothing came that was not expected. */
  verify(): void {
    for (const session of this.sessions) {
      session.verify();
      if (!session.closed) throw new Error('a session was left open');
    }
  }
}

export class FakeJournal implements Journal {
  readonly run = 'r1';
  readonly entries: JournalEntry[] = [];
  fails: (entry: JournalEntry) => boolean = () => false;
  write(entry: JournalEntry): Promise<void> {
    if (this.fails(entry)) return Promise.reject(new Error('ENOSPC: no space left on device'));
    this.entries.push(entry);
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function nodeStatus(name: string, over: Partial<NodeStatus> = {}): NodeStatus {
  return {
    name,
    ready: 'True',
    reason: '',
    kubeletVersion: 'v1.31.4',
    addresses: [],
    controlPlane: false,
    unschedulable: false,
    leaseRenewed: `t${Math.floor(monotonic() / 5000)}`,
    ...over,
  };
}

/** A cluster whose nodes are asked anew each time. */
export function fakeCluster(nodes: () => readonly NodeStatus[], over: Partial<Cluster> = {}): Cluster {
  const no = { kind: 'refused', message: 'not asked here' } as const;
  const view: Cluster['view'] =
    over.view ?? (() => Promise.resolve(ok(new Map(nodes().map((node) => [node.name, node])))));
  return {
    api: {
      get: () => Promise.resolve(fail(no)),
      send: () => Promise.resolve(fail(no)),
      kubectl: () => Promise.resolve(fail(no)),
      close: () => Promise.resolve(),
    },
    view,
    isLarge: () => false,
    async node(name, maxAge) {
      const all = await view(maxAge);
      return all.ok ? ok(all.value.get(name)) : all;
    },
    configz: () => Promise.resolve(ok({ authentication: { anonymous: { enabled: false } }, readOnlyPort: 0 })),
    readyz: () => Promise.resolve(ok(undefined)),
    cordon: () => Promise.resolve(ok(undefined)),
    drain: () => Promise.resolve(fail({ kind: 'refused', message: 'not now' })),
    clientCa: () => Promise.resolve(undefined),
    lock: () => Promise.resolve(fail({ kind: 'interrupted' })),
    unlock: () => Promise.resolve(),
    close: () => Promise.resolve(),
    ...over,
  };
}

export const plan = (over: Partial<HostPlan> = {}): HostPlan => {
  const path = '/etc/kubelet.yaml';
  const before = { sha256: sha256Of('w\n'), mode: '0644', uid: 0, gid: 0, owner: 'root:root' };
  const after = { ...before, sha256: sha256Of('x\n') };
  const diff = `--- ${path}\n+++ ${path}\n@@ -1,1 +1,1 @@\n-w\n+x\n`;
  return {
    host: 'n1',
    distro: 'systemd',
    unit: 'kubelet.service',
    nodeName: 'n1',
    role: 'worker',
    watch: { unit: 'kubelet.service', processName: 'kubelet', logPath: undefined },
    ports: { kubelet: 10250, readOnly: 10255, healthz: 10248, healthzHost: '127.0.0.1' },
    edits: [{ path, action: 'edit', before, after, text: 'x\n', diff }],
    restart: true,
    reload: false,
    expect: [
      { setting: 'authentication.anonymous.enabled', value: false },
      { setting: 'readOnlyPort', value: 0 },
    ],
    fixes: [],
    mayBreak: [],
    overwrittenBy: [],
    warnings: [],
    ...over,
  };
};

export const about: TxnAbout = {
  run: 'r1',
  cluster: 'c',
  host: 'n1',
  startedAt: '',
  tool: '',
  operator: '',
  plan: plan(),
};

export function context(over: Partial<RunContext> = {}): RunContext & { journal: FakeJournal; events: RunEvent[] } {
  const events: RunEvent[] = [];
  return {
    cluster: fakeCluster(() => [nodeStatus('n1')]),
    timing: { gate: 90_000, settle: 3000 },
    cordonMode: 'none',
    report: (event) => events.push(event),
    events,
    ...over,
    journal: new FakeJournal(),
  };
}
