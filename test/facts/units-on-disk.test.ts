import { expect, it } from 'vitest';
import type { FileFact, UnitFact } from '../../src/facts/node-facts.js';
import { withFilesOnDisk } from '../../src/facts/units-on-disk.js';
import { fileOf, unitOf } from '../nodes/facts-of.js';

const unit = '/lib/systemd/system/kubelet.service';
const etc = '/etc/systemd/system/kubelet.service';
const asLoaded = { commands: [], environmentFiles: [] };
const loaded = unitOf({ fragmentPath: unit, dropInPaths: [`/usr${unit}.d/10-kubeadm.conf`], asLoaded });

function found(paths: readonly string[], files: readonly FileFact[] = []): UnitFact | undefined {
  const listing = paths.map((path) => `kubelet.service ${path}`).join('\n');
  return withFilesOnDisk([loaded], listing, new Map(files.map((file) => [file.path, file])))[0];
}

it.each([
  ['nothing is told', []],
  ['the same files', [unit, `/usr${unit}.d/10-kubeadm.conf`]],
  ['the same by another name of their folder', [`/usr${unit}`, `${unit}.d/10-kubeadm.conf`]],
  ['the same through two folders', [unit, `/usr${unit}`, `/usr${unit}.d/10-kubeadm.conf`, `${unit}.d/10-kubeadm.conf`]],
])('leaves a unit as systemd has read it: %s', (_, paths) => {
  expect(found(paths)).toEqual(loaded);
});

it('leaves a unit file that is a link to the one that was read', () => {
  const link = fileOf(etc, '', { linkTarget: `/usr${unit}` });
  expect(found([etc, unit, `/usr${unit}.d/10-kubeadm.conf`], [link])).toEqual(loaded);
});

it.each<[string, string[], Partial<UnitFact>]>([
  [
    'a drop-in came',
    [unit, `${etc}.d/05-site.conf`, `/usr${unit}.d/10-kubeadm.conf`],
    { fragmentPath: unit, dropInPaths: [`${etc}.d/05-site.conf`, `/usr${unit}.d/10-kubeadm.conf`] },
  ],
  ['a drop-in went', [unit], { fragmentPath: unit, dropInPaths: [] }],
  [
    'a drop-in of a stronger folder hides one',
    [unit, `${etc}.d/10-kubeadm.conf`, `/usr${unit}.d/10-kubeadm.conf`],
    { dropInPaths: [`${etc}.d/10-kubeadm.conf`] },
  ],
  [
    'a unit file of a stronger folder came',
    [etc, unit, `/usr${unit}.d/10-kubeadm.conf`],
    { fragmentPath: etc, dropInPaths: [`/usr${unit}.d/10-kubeadm.conf`] },
  ],
])('takes what systemd will read next: %s', (_, paths, expected) => {
  expect(found(paths)).toMatchObject({ ...expected, needsReload: true, asLoaded: undefined });
});

it('keeps the unit file that was read where none is left', () => {
  expect(found([`${etc}.d/05-site.conf`])).toMatchObject({
    fragmentPath: unit,
    dropInPaths: [`${etc}.d/05-site.conf`],
  });
});
