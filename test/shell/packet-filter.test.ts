/** The packet filter on a node: what the node says of its table beside its file, and that a revert unloads it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { revert } from '../../src/change/transaction.js';
import { nftablesTable } from '../../src/filter/packet-filter.js';
import { script } from '../../src/node/scripts.js';
import { createAt, editTo, placed, shells } from './node-shell.js';
import { said, useNode } from './txn-node.js';

const folder = mkdtempSync(join(tmpdir(), 'kubelatch-filter-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'kubelet.nft');
const nft = '/usr/sbin/nft';
const text = (allowed: readonly string[] = []): string =>
  nftablesTable({ podCidrs: ['10.244.0.0/16', 'fd00:10::/64'], ports: [10250, 10255], allowed });

/** What the node says after `before` ran in a network namespace of its own, by the words of the shell under test. */
function stateAfter(argv: readonly string[], before: string, program = nft): string {
  const text = placed(script('filter'), { PLACE_FILTER: file, PLACE_NFT: program });
  const whole = `${before}\n${argv.join(' ')} -- none.service <"${join(folder, 'script')}"`;
  writeFileSync(join(folder, 'script'), text);
  const ran = spawnSync('unshare', ['-rn', 'sh', '-c', whole], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return ran.stdout.split('\n')[0] ?? '';
}
const hasNft = spawnSync('unshare', ['-rn', nft, 'list', 'tables']).status === 0;

describe.runIf(hasNft).each(shells)('a packet filter by nft itself, under $name', ({ argv, onlyBusybox }) => {
  const after = (before: string, program?: string): string =>
    stateAfter(onlyBusybox === true ? ['busybox', 'ash', '-s'] : argv, before, program);
  const load = `${nft} -f ${file}`;

  it('is told as it is', () => {
    rmSync(file, { force: true });
    expect(after('')).toBe('absent');
    writeFileSync(file, text(['10.244.1.2']));
    expect(after('')).toBe('missing');
    expect(after(load)).toBe('same');
    expect(after(`${load}; ${load}`)).toBe('same');
  });

  it.each([
    ['another address is allowed', "add element inet kubelatch allowed4 '{ 10.244.9.9 }'"],
    ['a network is left out', "delete element inet kubelatch pods4 '{ 10.244.0.0/16 }'"],
    ['a rule comes first', 'insert rule inet kubelatch input accept'],
    ['the rules are gone', 'flush chain inet kubelatch input'],
    ['it has one chain more', 'add chain inet kubelatch other'],
  ])('differs where %s', (_, change) => {
    writeFileSync(file, text());
    expect(after(`${load}; ${nft} ${change}`)).toBe('different');
  });

  it('is not told where nft fails or does not take the file', () => {
    writeFileSync(file, text());
    expect(after('', '/bin/false')).toBe('unable');
    expect(after('', join(folder, 'nothing'))).toBe('unable');
    expect(after(`${load}; echo nonsense >${file}`)).toBe('unable');
  });
});

describe.each(shells)('a revert under $name', (shell) => {
  const node = useNode(shell);
  /** An nft that says what it was asked, and holds a table until it is deleted. */
  const fake = (): { PLACE_FILTER: string; PLACE_NFT: string } => {
    const program = node.file(
      'nft',
      `#!/bin/sh\necho "$*" >>${node.etc}/asked\ncase $1 in list) [ -e ${node.etc}/table ] ;; delete) rm ${node.etc}/table ;; esac\n`,
    );
    chmodSync(program, 0o755);
    node.file('table', '');
    return { PLACE_FILTER: join(node.etc, 'kubelet.nft'), PLACE_NFT: program };
  };
  const asked = (): string => (existsSync(`${node.etc}/asked`) ? readFileSync(`${node.etc}/asked`, 'utf8') : '');

  it('unloads the table of a file that the change created', async () => {
    const env = fake();
    await node.applied([createAt(join(node.etc, 'kubelet.nft'), 'the table')]);
    expect(said(await revert(node.place.session(shell, env), 'r1', 'restart', 'the test')).word).toBe('reverted');
    expect([existsSync(env.PLACE_FILTER), existsSync(`${node.etc}/table`)]).toEqual([false, false]);
  });

  it('leaves it where the file was there before, for the restart loads the old one; and asks nothing of other changes', async () => {
    const env = fake();
    await node.applied([editTo(node.file('kubelet.nft', 'old'), 'new')]);
    expect(said(await revert(node.place.session(shell, env), 'r1', 'restart', 'the test')).word).toBe('reverted');
    await node.applied([editTo(node.file('a'), 'new')], 'r2');
    rmSync(env.PLACE_FILTER);
    expect(said(await revert(node.place.session(shell, env), 'r2', 'restart', 'the test')).word).toBe('reverted');
    expect([asked(), existsSync(`${node.etc}/table`)]).toEqual(['', true]);
  });

  it('does not call itself done while the table stays', async () => {
    const env = fake();
    writeFileSync(env.PLACE_NFT, '#!/bin/sh\n[ "$1" = list ]\n');
    await node.applied([createAt(join(node.etc, 'kubelet.nft'), 'the table')]);
    expect(said(await revert(node.place.session(shell, env), 'r1', 'restart', 'the test')).word).toBe('restart-failed');
  });
});
