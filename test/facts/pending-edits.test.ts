import { describe, expect, it } from 'vitest';
import { systemd } from '../../src/distros/systemd.js';
import type { FileStat, NodeFacts, ProcessFact, UnitFact } from '../../src/facts/node-facts.js';
import { type PendingEdit, changesText, pendingEdits } from '../../src/facts/pending-edits.js';
import type { Configz } from '../../src/facts/running-differences.js';
import { factsOf, processOf, startedAt, unitOf } from '../nodes/facts-of.js';

const unit = '/etc/systemd/system/kubelet.service';
const config = '/var/lib/kubelet/config.yaml';
const extra = '/etc/kubelet.env';
const command = '/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml --node-ip=10.0.0.1';
const young = { mtime: startedAt + 60, ctime: startedAt + 60 };
const keptItsTime = { mtime: startedAt - 1000, ctime: startedAt + 60 };
const configz = {
  authentication: { anonymous: { enabled: false } },
  maxPods: 110,
  cgroupDriver: 'systemd',
  syncFrequency: '1m0s',
};

interface Node {
  readonly unit?: string;
  readonly config?: string;
  readonly extra?: string;
  readonly argv?: string;
  readonly times?: Readonly<Record<string, Partial<FileStat>>>;
  readonly process?: Partial<ProcessFact>;
  readonly state?: Partial<UnitFact>;
}

const header = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function factsFor(node: Node): NodeFacts {
  const texts = {
    [unit]: node.unit ?? `[Service]\nEnvironmentFile=${extra}\nExecStart=${command} $EXTRA\n`,
    [config]: `${header}${node.config ?? 'maxPods: 110\n'}`,
    [extra]: node.extra ?? '',
  };
  const argv = (node.argv ?? command).split(' ');
  const facts = factsOf(texts, {
    units: [unitOf({ fragmentPath: unit, ...node.state })],
    processes: [processOf(argv, node.process)],
  });
  const files = new Map(facts.files);
  for (const [path, times] of Object.entries(node.times ?? {})) {
    const file = files.get(path);
    if (file?.kind === 'file') files.set(path, { ...file, ...times });
  }
  return { ...facts, files };
}

const edits = (node: Node, seen: Configz = configz): PendingEdit[] => editsSeen(node, seen);
const withoutCluster = (node: Node): PendingEdit[] => editsSeen(node, undefined);

function editsSeen(node: Node, seen: Configz): PendingEdit[] {
  const facts = factsFor(node);
  const setup = systemd.detect(facts);
  if (setup === undefined) throw new Error('no kubelet was found');
  return pendingEdits(facts, setup, seen);
}

const told = (node: Node, seen?: Record<string, unknown>): string[] =>
  edits(node, seen).map((one) => `${one.path} ${one.what}: ${changesText(one)}`);

describe('an edit that the running kubelet has not read', () => {
  it('is none on a node that nobody touched', () => {
    expect(edits({})).toEqual([]);
    expect(withoutCluster({})).toEqual([]);
  });

  it('is reported with what a restart would change', () => {
    expect(told({ config: 'maxPods: 77\n', times: { [config]: young } })).toEqual([
      `${config} was changed after the kubelet started: a restart changes maxPods from 110 to 77`,
    ]);
  });

  it('is reported if the file kept an older time, and not if only its mode changed', () => {
    expect(told({ config: 'maxPods: 77\n', times: { [config]: keptItsTime } })[0]).toMatch(
      /but has an older modification time: a restart changes maxPods from 110 to 77/,
    );
    expect(edits({ times: { [config]: keptItsTime } })).toEqual([]);
  });

  it('changes nothing that anybody knows of where the API server does not tell', () => {
    expect(withoutCluster({ times: { [config]: keptItsTime } })).toMatchObject([{ path: config, changes: undefined }]);
  });

  it('counts a field that the kubelet may set again, if the file with that field changed', () => {
    const text = 'maxPods: 110\ncgroupDriver: cgroupfs\n';
    expect(told({ config: text, times: { [config]: young } })[0]).toContain(
      'cgroupDriver from "systemd" to "cgroupfs"',
    );
    expect(edits({ config: text })).toEqual([]);
  });

  it('is a line that is gone', () => {
    expect(told({ config: '', times: { [config]: young } }, { ...configz, maxPods: 77 })[0]).toContain(
      'maxPods from 77 to 110',
    );
    // Nothing changed: the default of that version is another than is known here.
    expect(edits({ config: '' }, { ...configz, maxPods: 77 })).toEqual([]);
    // The kubelet was started with a flag that no file gives any more.
    expect(
      told({ config: '', argv: `${command} --max-pods=77`, times: { [extra]: young } }, { ...configz, maxPods: 77 })[0],
    ).toContain('maxPods from 77 to 110');
  });

  it('is a flag without a field, in its file', () => {
    expect(told({ extra: 'EXTRA=--node-ip=10.0.0.9\n', times: { [extra]: young } })).toEqual([
      `${extra} was changed after the kubelet started: a restart changes --node-ip from "10.0.0.1" to "10.0.0.9"`,
    ]);
  });

  it.each([
    [unit, { unit: `[Service]\nExecStartPre=/bin/false\nExecStart=${command}\n` }, ['ExecStartPre=']],
    [extra, { extra: 'EXTRA=\nHTTPS_PROXY=http://10.0.0.2\n' }, ['HTTPS_PROXY']],
    [unit, { unit: `[Service]\nEnvironment=GODEBUG=x509sha1=1\nExecStart=${command}\n` }, ['GODEBUG']],
    [unit, { unit: `[Unit]\nDescription=x\n[Service]\nRestart=always\nExecStart=${command}\n` }, undefined],
  ])('names what nothing shows of the running kubelet: %s %j', (path, node, unverifiable) => {
    expect(edits({ ...node, times: { [path]: young } })).toMatchObject([
      { path, ...(unverifiable && { unverifiable }) },
    ]);
    if (unverifiable === undefined)
      expect(edits({ ...node, times: { [path]: young } })[0]).not.toHaveProperty('unverifiable');
  });

  it('is a program that was replaced, a unit that was not reloaded, a kubelet that does not run', () => {
    expect(edits({ process: { exe: '/usr/bin/kubelet (deleted)' } })).toMatchObject([
      { path: '/usr/bin/kubelet', changes: undefined },
    ]);
    expect(edits({ state: { needsReload: true } })).toMatchObject([
      { path: unit, what: 'was changed and not reloaded' },
    ]);
    expect(edits({ process: { pid: 999 }, state: { mainPid: 0 } })).toMatchObject([{ path: 'kubelet.service' }]);
  });

  it('is reported in one line of limited length', () => {
    const changes = Array.from({ length: 9 }, (_, index) => ({ setting: `s${index}`, running: 1, next: 2 }));
    expect(changesText({ changes })).toMatch(/^a restart changes s0 from \*\*\* to \*\*\*, .* and 5 more$/);
    // No kubelet has settings of these names.
    expect(changesText({ changes }, true)).toMatch(/^a restart changes s0 from 1 to 2, .* and 5 more$/);
    expect(changesText({ changes: undefined })).toBe('it is unknown what a restart would change');
  });
});
