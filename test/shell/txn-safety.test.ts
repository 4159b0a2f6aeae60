/** In a folder that a local user can reach into, nothing is written: a link in the way would lend him root's hand. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepare, revert, write } from '../../src/change/transaction.js';
import { refusalFor } from '../../src/change/answers.js';
import { script } from '../../src/node/scripts.js';
import { createAt, editTo, isRoot, modeTo, program, runText, shells } from './node-shell.js';
import { stdinOf } from '../../src/ssh/ssh-session.js';
import { options, said, useNode } from './txn-node.js';

const user = 1234;

describe.runIf(isRoot).each(shells)('txn.sh under $name', (shell) => {
  const node = useNode(shell);
  const folder = (mode = 0o755, uid = 0, name = 'opt/conf'): string => {
    const path = join(node.etc, name);
    mkdirSync(path, { recursive: true });
    chownSync(path, uid, 0);
    chmodSync(path, mode);
    return path;
  };
  const file = (): string => node.file('opt/conf/config.yaml');
  const restart = (): ReturnType<typeof revert> => revert(node.session, 'r1', 'restart', 'the test');

  it.each([
    ['owned by a user', 0o755, user, /conf is owned by \S+ \(1234\), mode 755$/],
    ['open to everybody', 0o777, 0, /conf can be changed by users other than root, mode 777$/],
    ['shared as /tmp is', 0o1777, 0, /conf can be changed by users other than root, mode 1777$/],
  ])('refuses a folder that is %s, before anything is written', async (_, mode, uid, why) => {
    const path = file();
    folder(mode, uid);
    const before = node.tree();
    for (const edit of [editTo(path, 'new'), modeTo(path, '0600'), createAt(`${path}.d/made/x`, 'x')]) {
      const answer = await prepare(node.session, 'r1', options([editTo(node.file('first'), 'x'), edit]));
      expect(said(answer)).toMatchObject({ word: 'unsafe', detail: expect.stringMatching(why) as string });
      expect(refusalFor(answer, 'prepared', 'n1')).toMatchObject({ outcome: 'refused' });
      rmSync(join(node.etc, 'first'));
      node.nothingLeft(before);
    }
  });

  it('looks at the folders above, and at those behind a link', async () => {
    const path = file();
    folder(0o755, user, 'opt');
    expect((await node.prepared([editTo(path, 'new')])).word).toBe('unsafe');
    folder(0o755, 0, 'opt');
    folder(0o777, 0, 'home');
    symlinkSync(join(node.etc, 'opt/conf'), join(node.etc, 'home/conf'));
    expect(await node.prepared([editTo(join(node.etc, 'home/conf/config.yaml'), 'new')])).toMatchObject({
      word: 'unsafe',
      detail: expect.stringContaining(`${join(node.etc, 'home')} can be changed`) as string,
    });
    expect((await node.prepared([editTo(path, 'new')])).word).toBe('prepared');
  });

  it('writes through no link that a user lays in the place of the staged file', async () => {
    const path = file();
    chownSync(path, user, user);
    folder(0o755, user);
    const victim = node.file('victim', 'root only\n', 0o600);
    // Wins the race each time: what cp has just made is a link when it is written and given away.
    const lay = `case "$*" in *.tmp) rm -f "\${*##* }"; ln -s '${victim}' "\${*##* }" ;; esac`;
    program(join(node.place.bin, 'cp'), `#!/bin/sh\n/bin/cp "$@"\n${lay}\n`);
    await prepare(node.session, 'r1', options([editTo(path, 'new')]));
    const { mode, uid } = statSync(victim);
    expect([readFileSync(victim, 'utf8'), mode & 0o777, uid]).toEqual(['root only\n', 0o600, 0]);
  });

  it('puts nothing back where a user can reach by now, says so, and does it once that has ended', async () => {
    const path = file();
    const before = node.tree();
    await node.applied([editTo(path, 'new')]);
    folder(0o777);
    const victim = node.file('victim', 'root only\n', 0o600);
    for (const end of ['tmp', 'old']) {
      rmSync(join(node.etc, `opt/conf/.kubelatch-r1-1.${end}`), { force: true });
      symlinkSync(victim, join(node.etc, `opt/conf/.kubelatch-r1-1.${end}`));
    }
    expect(said(await restart())).toMatchObject({
      word: 'error',
      detail: expect.stringMatching(
        /config\.yaml is not written, since .*conf can be changed by users other than root/,
      ) as string,
    });
    expect([readFileSync(victim, 'utf8'), readFileSync(path, 'utf8')]).toEqual(['root only\n', 'new']);
    rmSync(victim);
    folder(0o755);
    expect(said(await restart()).word).toBe('reverted');
    expect(node.tree()).toEqual(before);
  });

  it('stops before a write where a folder was opened since', async () => {
    const path = file();
    await node.armed([editTo(path, 'new')]);
    folder(0o777);
    expect(said(await write(node.session, 'r1'))).toMatchObject({ word: 'put-back' });
    expect(readFileSync(path, 'utf8')).toBe('old\n');
  });

  it.each([
    ['other bytes', (path: string) => writeFileSync(path, 'other\n')],
    ['another mode', (path: string) => chmodSync(path, 0o666)],
    ['setuid', (path: string) => chmodSync(path, 0o4644)],
    ['another owner', (path: string) => chownSync(path, user, 0)],
    [
      'a link',
      (path: string) => {
        rmSync(path);
        symlinkSync('/etc/hostname', path);
      },
    ],
    ['nothing', (path: string) => rmSync(path)],
  ])('confirms no change whose file is not what was written: %s', async (_, spoil) => {
    const path = file();
    await node.applied([editTo(path, 'new')]);
    spoil(path);
    expect(await node.confirm()).toMatchObject({ word: 'unsafe', detail: `${path} is not what was written` });
    expect(node.stateOf()).toBe('applied');
  });

  it('gives no file setuid or setgid', async () => {
    const path = file();
    for (const mode of ['4755', '2755', '6644', '1777'])
      expect((await node.prepared([modeTo(path, mode)])).detail).toContain(`is to have mode ${mode}`);
    expect((await node.prepared([createAt(`${path}.new`, 'x', '4755')])).word).toBe('unsafe');
  });

  it('keeps nothing where its own folder is not only root’s', async () => {
    mkdirSync(node.place.root, { recursive: true });
    chmodSync(node.place.root, 0o777);
    expect(await node.prepared([editTo(file(), 'new')])).toMatchObject({ word: 'unsafe' });
    expect(existsSync(join(node.place.root, 'txn'))).toBe(false);
  });

  it('takes no place from the environment', async () => {
    await node.prepared([editTo(file(), 'new')]);
    const hooks = { KUBELATCH_ROOT: node.place.root, KUBELATCH_UNITS: node.place.units, KUBELATCH_VOLATILE: 'ok' };
    const { PATH = '' } = node.place.env(shell);
    const env = { ...hooks, BASE: node.place.root, UNITS: node.place.units, PATH, PLACE: node.place.dir };
    const { stdout } = runText(shell, stdinOf(script('txn'), ['list', 'all']), env);
    expect(stdout.toString()).not.toContain(Buffer.from('r1').toString('base64'));
    for (const name of ['probe', 'txn', 'watch'] as const) expect(script(name)).not.toContain('KUBELATCH_');
  });
});
