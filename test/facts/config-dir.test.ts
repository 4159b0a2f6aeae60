import { describe, expect, it } from 'vitest';
import { configDirFiles } from '../../src/facts/config-dir.js';
import type { FileFact } from '../../src/facts/node-facts.js';
import { factsOf, fileOf } from '../nodes/facts-of.js';

const walked = (paths: readonly string[], more: readonly FileFact[] = [], folder = '/d'): string[] => {
  const facts = factsOf(Object.fromEntries(paths.map((path) => [`/d/${path}`, ''])));
  const files = new Map([...facts.files, ...more.map((one) => [one.path, one] as const)]);
  return configDirFiles({ ...facts, files }, folder).map((path) => path.slice(3));
};

describe('the files of --config-dir, as filepath.WalkDir visits them', () => {
  it.each([
    ['by name', ['b.conf', 'a.conf', '10.conf', '9.conf'], ['10.conf', '9.conf', 'a.conf', 'b.conf']],
    [
      'a folder in its own place, before the file that begins like it',
      ['10.conf', '10/a.conf'],
      ['10/a.conf', '10.conf'],
    ],
    [
      'a folder behind a name that sorts before it',
      ['10-a.conf', '10/a.conf', '1.conf'],
      ['1.conf', '10/a.conf', '10-a.conf'],
    ],
    ['capitals first, as bytes are', ['a.conf', 'B.conf', '_.conf'], ['B.conf', '_.conf', 'a.conf']],
    ['by bytes of UTF-8, not by units of UTF-16', ['\u{1f600}.conf', '\uff21.conf'], ['\uff21.conf', '\u{1f600}.conf']],
    ['a folder that is called like a file is gone through', ['x.conf/y.conf', 'x.conf/z'], ['x.conf/y.conf']],
    [
      'a name that is the ending alone counts',
      ['.conf', '.hidden.conf', 'sub/.conf'],
      ['.conf', '.hidden.conf', 'sub/.conf'],
    ],
    ['other endings do not', ['a.conf.bak', 'a.CONF', 'a.yaml', 'conf', 'aconf'], []],
  ])('%s', (_, given, order) => {
    expect(walked(given)).toEqual(order);
    expect(walked(given.toReversed())).toEqual(order);
  });

  it('links to folders are not gone through, and one called like a file is opened as one', () => {
    const link = (path: string): FileFact => fileOf(path, '', { kind: 'folder', linkTarget: '/e', content: undefined });
    expect(walked(['l/a.conf', 'l/m/b.conf', 'k.conf'], [link('/d/l')])).toEqual(['k.conf']);
    expect(walked(['l.conf/a.conf'], [link('/d/l.conf')])).toEqual(['l.conf']);
  });

  it('links to files, and what cannot be read, are in the list: the kubelet stops at them', () => {
    const gone: FileFact = { kind: 'unreadable', path: '/d/gone.conf', reason: 'it could not be read' };
    const absent: FileFact = { kind: 'absent', path: '/d/absent.conf' };
    expect(walked([], [fileOf('/d/f.conf', '', { linkTarget: '/e' }), gone, absent])).toEqual(['f.conf', 'gone.conf']);
  });

  it('the folder’s own slash makes no difference, and its neighbours are not in it', () => {
    expect(walked(['a.conf', '../dd/b.conf'], [fileOf('/dd/c.conf', '')], '/d/')).toContain('a.conf');
    expect(walked(['a.conf'], [fileOf('/dd/c.conf', '')])).toEqual(['a.conf']);
  });
});
