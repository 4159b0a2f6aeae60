/** Findings of a node's own files: how many a file can make, and which of them fail. */
import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import { assessEffect } from '../../src/playbook/evidence.js';
import { factsOf, fileOf, processOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

const path = '/var/lib/kubelet/config.yaml';

function findingsWith(times: number): ReturnType<typeof assessEffect> {
  const { facts, configz } = readNode('kubeadm-weak');
  const text = `{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration"\n${',"a":1\n'.repeat(times)}}`;
  const found = { ...facts, files: new Map(facts.files).set(path, fileOf(path, text)) };
  const setup = detectDistro(found)?.setup;
  if (setup === undefined) throw new Error('not recognised');
  return assessEffect({ facts: found, setup, configz, kubeletVersion: undefined, showValues: false });
}

it('tells a hundred of a kind, and one more with the number of the others', () => {
  const ofKey = (times: number): string[] =>
    findingsWith(times).flatMap(({ note = '' }) => (note.startsWith('a:') ? [note] : []));
  expect(ofKey(101)).toHaveLength(100);
  expect(ofKey(101).join()).not.toContain('more');
  expect(ofKey(30_000)).toHaveLength(101);
  expect(ofKey(30_000).at(-1)).toMatch(
    /^a: \S+ has no effect: the same key is repeated further down \(and 29898 more\)$/,
  );
});

describe('what a file declares in vain', () => {
  const unit = '/usr/lib/systemd/system/kubelet.service';
  const folder = '/etc/systemd/system/kubelet.service.d';
  const start = 'ExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS\n';
  const declared = `[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--anonymous-auth=true"\n${start}`;
  const overridden = '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--anonymous-auth=false"\n';
  const statuses = (name: string): readonly (readonly [string, boolean])[] => {
    const facts = factsOf(
      { [unit]: declared, [`${folder}/${name}`]: overridden },
      { processes: [processOf(['/usr/bin/kubelet', '--anonymous-auth=false'])] },
    );
    const setup = detectDistro(facts)?.setup;
    if (setup === undefined) throw new Error('not recognised');
    const found = assessEffect({ facts, setup, configz: undefined, kubeletVersion: undefined });
    return found.map(({ status, note = '' }) => [status, note.includes('on purpose. You can delete it from')]);
  };

  it('does not fail where kubelatch overrides it', () => {
    expect(statuses('zz-kubelatch.conf')).toEqual([['not-applicable', true]]);
  });

  it('fails where any other file does, whatever its name claims', () => {
    expect(statuses('90-site.conf')).toEqual([['fail', false]]);
    expect(statuses('zz-not-kubelatch.conf')).toEqual([['fail', false]]);
  });
});
