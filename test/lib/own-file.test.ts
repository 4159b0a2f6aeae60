import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  linkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOwnFile, replaceOwnFile, writeOwnFile } from '../../src/lib/own-file.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'own-file-'))));
afterEach(() => rmSync(dir, { recursive: true }));

describe('reading', () => {
  it('trusts only what nobody else can write', () => {
    const path = join(dir, 'a');
    expect(readOwnFile(path)).toBeUndefined();
    writeFileSync(path, 'x', { mode: 0o600 });
    expect(readOwnFile(path)).toEqual({ text: 'x' });
    chmodSync(path, 0o622);
    expect(readOwnFile(path)).toEqual({ fault: 'other users can write it (mode 0622)' });
    chmodSync(path, 0o600);
    chmodSync(dir, 0o1777);
    const replaceable = { fault: `other users can write to its folder ${dir}, and so replace it` };
    expect(readOwnFile(path)).toEqual(replaceable);
    chmodSync(dir, 0o770);
    expect(readOwnFile(path)).toEqual(replaceable);
  });

  it('checks every folder above a file and above the target of a link; a sticky one may stand further up', () => {
    const [outer, inner] = [join(dir, 'outer'), join(dir, 'outer', 'inner')];
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'a'), 'x', { mode: 0o600 });
    symlinkSync(join(inner, 'a'), join(dir, 'link'));
    mkdirSync(join(outer, 'links'));
    symlinkSync(join(dir, 'b'), join(outer, 'links', 'away'));
    writeFileSync(join(dir, 'b'), 'y', { mode: 0o600 });
    const paths = [join(inner, 'a'), join(dir, 'link'), join(outer, 'links', 'away')];
    const faultOf = (path: string): unknown => (readOwnFile(path) as { fault?: string }).fault;
    expect(paths.map(faultOf)).toEqual([undefined, undefined, undefined]);
    chmodSync(outer, 0o777);
    const replaceable = `other users can write to its folder ${outer}, and so replace it`;
    expect(paths.map(faultOf)).toEqual([replaceable, replaceable, replaceable]);
    chmodSync(outer, 0o1777);
    expect(paths.map(faultOf)).toEqual([undefined, undefined, undefined]);
  });
});

describe('writing', () => {
  it('makes a private file, and writes over it', () => {
    const path = join(dir, 'new');
    writeOwnFile(path, 'first, long', 'replace');
    writeOwnFile(path, 'second', 'replace');
    writeOwnFile(path, ['sec', 'ond'], 'replace');
    writeOwnFile(path, '+', 'append');
    expect(readFileSync(path, 'utf8')).toBe('second+');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('follows no link and opens no folder', () => {
    const target = join(dir, 'target');
    writeFileSync(target, 'precious');
    symlinkSync(target, join(dir, 'soft'));
    linkSync(target, join(dir, 'hard'));
    mkdirSync(join(dir, 'folder'));
    expect(() => writeOwnFile(join(dir, 'soft'), 'x', 'replace')).toThrow('it is a symbolic link');
    expect(() => writeOwnFile(join(dir, 'hard'), 'x', 'replace')).toThrow('hard link');
    expect(() => writeOwnFile(join(dir, 'folder'), 'x', 'replace')).toThrow();
    expect(readFileSync(target, 'utf8')).toBe('precious');
  });

  it('by rename leaves the old file whole until the new one is, and nothing beside it', () => {
    const folder = join(dir, 'renamed');
    mkdirSync(folder);
    const path = join(folder, 'a.prom');
    replaceOwnFile(path, 'first');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    chmodSync(path, 0o600);
    const open = openSync(path, 'r');
    replaceOwnFile(path, 'second');
    expect([readFileSync(open, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['first', 'second']);
    closeSync(open);
    expect([statSync(path).mode & 0o777, readdirSync(folder)]).toEqual([0o600, ['a.prom']]);
    symlinkSync(path, join(folder, 'soft'));
    mkdirSync(join(folder, 'folder'));
    for (const bad of ['soft', 'folder', 'no/such']) expect(() => replaceOwnFile(join(folder, bad), 'x')).toThrow();
    linkSync(path, join(folder, 'hard'));
    expect(() => replaceOwnFile(path, 'x')).toThrow('hard link');
    expect(readdirSync(folder).sort()).toEqual(['a.prom', 'folder', 'hard', 'soft']);
    expect(readFileSync(path, 'utf8')).toBe('second');
  });
});
