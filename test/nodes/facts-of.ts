/** Facts of a node made up from the texts of its files. */
import { createHash } from 'node:crypto';
import type { FileStat, NodeFacts, ProcessFact, UnitFact } from '../../src/facts/node-facts.js';

export const startedAt = 1_700_000_000;

export function fileOf(path: string, text: string | Buffer, over: Partial<FileStat> = {}): FileStat {
  const content = Buffer.from(text);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const mtime = startedAt - 1000;
  return {
    ...{ kind: 'file', path, mode: '0644', uid: 0, gid: 0, owner: 'root:root', size: content.length, mtime },
    ...{ content, sha256, ...over },
  };
}

export function unitOf(over: Partial<UnitFact> = {}): UnitFact {
  return {
    ...{ name: 'kubelet.service', loaded: true, activeState: 'active', subState: 'running', type: 'simple' },
    ...{ fragmentPath: '/etc/systemd/system/kubelet.service', dropInPaths: [], mainPid: 100, restarts: 0 },
    ...{ restartDelay: 10_000, needsReload: false, enabled: 'enabled', ...over },
  };
}

export function processOf(argv: readonly string[], over: Partial<ProcessFact> = {}): ProcessFact {
  const exe = argv[0] ?? '';
  return {
    pid: 100,
    parent: 1,
    name: 'kubelet',
    argv,
    exe,
    cwd: '/',
    startedAt,
    version: 'Kubernetes v1.31.4',
    ...over,
  };
}

/** A node whose kubelet.service has these files, its drop-ins among them; `over` replaces what else is known. */
export function factsOf(texts: Readonly<Record<string, string | Buffer>>, over: Partial<NodeFacts> = {}): NodeFacts {
  const paths = Object.keys(texts);
  const fragmentPath = paths.find((path) => path.endsWith('/kubelet.service'));
  const dropInPaths = paths.filter((path) => path.includes('/kubelet.service.d/'));
  return {
    ...{ hostname: 'node1', bootId: 'b', init: 'systemd', root: true, freeKiB: 1_000_000 },
    units: [unitOf({ fragmentPath, dropInPaths })],
    processes: [],
    files: new Map(Object.entries(texts).map(([path, text]) => [path, fileOf(path, text)])),
    listening: [],
    transactions: [],
    started: new Map(),
    accounts: new Map(),
    ...over,
  };
}
