import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { textOf } from '../../src/facts/node-facts.js';
import { fileOf } from '../nodes/facts-of.js';
import { hardened, k3sNode, kernelFits, refusalOf, valueOf } from './supervised-node.js';

const config = '/etc/rancher/k3s/config.yaml';
const ownConfig = `${config}.d/99-kubelatch.yaml`;
const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const ownDropIn = `${folder}/99-kubelatch.conf`;
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const at133 = (files: Readonly<Record<string, string>>, command?: string): ReturnType<typeof k3sNode> =>
  k3sNode('v1.33.1', files, command);

describe('protect-kernel-defaults', () => {
  const sysctl = '/etc/sysctl.d/90-kubelet.conf';
  const path = 'protectKernelDefaults';

  it.each([
    ['from 1.32', at133(kernelFits)],
    ['before 1.32', k3sNode('v1.31.4', kernelFits)],
  ])('%s is the top-level key, with the kernel’s settings kept first', (_, before) => {
    const after = hardened(before, path, true);
    expect([...after.files.keys()].filter((one) => !before.files.has(one))).toEqual([sysctl, ownConfig]);
    expect(parse(textOf(after, ownConfig) ?? '')).toEqual({ 'protect-kernel-defaults': true });
    expect(textOf(after, sysctl)?.split('\n').slice(1, -1)).toEqual([
      'vm.overcommit_memory = 1',
      'vm.panic_on_oom = 0',
      'kernel.panic = 10',
      'kernel.panic_on_oops = 1',
      'kernel.keys.root_maxkeys = 1000000',
      'kernel.keys.root_maxbytes = 25000000',
    ]);
    const more = hardened(after, 'podPidsLimit', 4096);
    expect([valueOf(more, path), valueOf(more, 'podPidsLimit')]).toEqual([true, 4096]);
  });

  it('is refused where the kernel has other settings, with the line that mends it', () => {
    const before = at133({ ...kernelFits, '/proc/sys/kernel/panic': '0\n', '/proc/sys/vm/overcommit_memory': '0\n' });
    expect(refusalOf(before, path, true)).toBe(
      'the kubelet would not start with the current kernel settings: vm.overcommit_memory is 0, kernel.panic is 0; first run: sysctl -w vm.overcommit_memory=1 kernel.panic=10',
    );
  });

  it('is refused where the kernel’s settings are not known', () => {
    expect(refusalOf(at133({}), path, true)).toContain('vm.overcommit_memory');
  });

  it('leaves sysctl.d alone where it says all of it, and adds only what is missing', () => {
    const some = 'vm.overcommit_memory=1\nvm/panic_on_oom = 0\n-kernel.panic = 10\nkernel.panic_on_oops=1\n';
    const keys = 'kernel.keys.root_maxkeys=1000000\nkernel.keys.root_maxbytes=25000000\n';
    const full = hardened(at133({ ...kernelFits, '/etc/sysctl.d/60-k.conf': some + keys }), path, true);
    expect(full.files.has(sysctl)).toBe(false);
    const part = hardened(at133({ ...kernelFits, [sysctl]: some.trimEnd() }), path, true);
    expect(textOf(part, sysctl)).toBe(`${some}${keys.replaceAll('=', ' = ')}`);
  });

  it('is refused where a later file sets something else at the next boot, and wins over an earlier one', () => {
    const late = { '/etc/sysctl.d/99-local.conf': '# ours\nkernel.panic = 60\n' };
    expect(refusalOf(at133({ ...kernelFits, ...late }), path, true)).toMatch(
      /^\/etc\/sysctl\.d\/99-local\.conf:2 sets kernel\.panic to 60 at the next boot/,
    );
    expect(refusalOf(at133({ ...kernelFits, '/etc/sysctl.conf': 'vm.panic_on_oom=2\n' }), path, true)).toMatch(
      /^\/etc\/sysctl\.conf:1 /,
    );
    const early = hardened(at133({ ...kernelFits, '/etc/sysctl.d/10-x.conf': 'kernel.panic = 60\n' }), path, true);
    expect(textOf(early, sysctl)).toContain('kernel.panic = 10\n');
  });

  describe('what is set at the next boot', () => {
    const wanted = 'vm.overcommit_memory=1\nvm.panic_on_oom=0\nkernel.panic=10\nkernel.panic_on_oops=1\n';
    const all = `${wanted}kernel.keys.root_maxkeys=1000000\nkernel.keys.root_maxbytes=25000000\n`;
    const after = (files: Readonly<Record<string, string>>): string | undefined =>
      textOf(hardened(at133({ ...kernelFits, ...files }), path, true), sysctl);

    it.each([
      ['/run/sysctl.d', { '/run/sysctl.d/50-x.conf': all }],
      ['/usr/local/lib/sysctl.d', { '/usr/local/lib/sysctl.d/50-x.conf': all }],
      ['/usr/lib/sysctl.d', { '/usr/lib/sysctl.d/50-x.conf': all }],
      ['/lib/sysctl.d', { '/lib/sysctl.d/50-x.conf': all }],
      [
        'a later name of a folder behind',
        { '/etc/sysctl.d/10-a.conf': 'kernel.panic=60\n', '/usr/lib/sysctl.d/20-b.conf': all },
      ],
      [
        'a name that the first folder takes',
        { '/etc/sysctl.d/20-b.conf': all, '/usr/lib/sysctl.d/20-b.conf': 'kernel.panic=60\n' },
      ],
      [
        'names with slashes and a star',
        { '/usr/lib/sysctl.d/1.conf': all.replace('kernel.panic=10', 'kernel/pan*c=10') },
      ],
    ])('is read in %s', (_, files) => {
      expect(after(files)).toBeUndefined();
    });

    it.each([
      ['another ending', { '/usr/lib/sysctl.d/50-x.txt': all }],
      ['a folder below', { '/usr/lib/sysctl.d/more/50-x.conf': all }],
      ['a name that an earlier folder takes', { '/etc/sysctl.d/50-x.conf': '', '/usr/lib/sysctl.d/50-x.conf': all }],
      [
        'a star across a dot',
        { '/usr/lib/sysctl.d/1.conf': `${all.replace(/kernel\.keys.*\n/g, '')}kernel.*=1000000\n` },
      ],
    ])('is not read in %s', (_, files) => {
      expect(after(files)).toContain('kernel.keys.root_maxkeys = 1000000');
    });

    it('a vendor’s file behind ours that says otherwise refuses, by its name and not its folder', () => {
      const late = at133({ ...kernelFits, '/usr/lib/sysctl.d/99-vendor.conf': '\nkernel.panic = 0\n' });
      expect(refusalOf(late, path, true)).toMatch(
        /^\/usr\/lib\/sysctl\.d\/99-vendor\.conf:2 sets kernel\.panic to 0 at the next boot/,
      );
      expect(after({ '/usr/lib/sysctl.d/50-vendor.conf': 'kernel.panic = 0\n' })).toContain('kernel.panic = 10\n');
    });

    it('a file of the same name elsewhere goes on saying what it said', () => {
      const text = 'net.ipv4.ip_forward=1\nkernel.panic=10';
      expect(after({ '/usr/lib/sysctl.d/90-kubelet.conf': text })).toContain(`${text}\nvm.overcommit_memory = 1\n`);
    });

    it('a link to /dev/null silences the files of its name', () => {
      const facts = at133({ ...kernelFits, '/usr/lib/sysctl.d/50-x.conf': all });
      const silenced = '/etc/sysctl.d/50-x.conf';
      const link = { ...fileOf(silenced, ''), kind: 'other', linkTarget: '/dev/null' } as const;
      const files = new Map(facts.files).set(silenced, link);
      expect(textOf(hardened({ ...facts, files }, path, true), sysctl)).toContain('kernel.panic = 10\n');
    });

    it('a file that could not be read leaves it open, and so does one with a name beyond reason', () => {
      const facts = at133({ ...kernelFits });
      const unread = '/usr/lib/sysctl.d/50-x.conf';
      const files = new Map(facts.files).set(unread, { kind: 'unreadable', path: unread, reason: 'x' });
      expect(refusalOf({ ...facts, files }, path, true)).toContain(`${unread} could not be read`);
      const odd = `${'*'.repeat(60)}x = 7\n${' '.repeat(200_000)}= 1\n`;
      expect(refusalOf(at133({ ...kernelFits, '/etc/sysctl.d/zz.conf': odd }), path, true)).toContain('zz.conf:1 sets');
    });
  });

  it('overrules a drop-in and an argument that say otherwise', () => {
    const dropIn = { [`${folder}/50-user.conf`]: `${head}protectKernelDefaults: false\n` };
    const text = 'kubelet-arg: [protect-kernel-defaults=false]\n';
    const after = hardened(at133({ ...kernelFits, ...dropIn, [config]: text }), path, true);
    expect(textOf(after, config)).toBe('kubelet-arg: []\n');
    expect(parse(textOf(after, ownDropIn) ?? '')).toMatchObject({ protectKernelDefaults: true });
  });

  it('is refused where ExecStart says otherwise', () => {
    const before = at133(kernelFits, '/usr/local/bin/k3s server --protect-kernel-defaults=false');
    expect(refusalOf(before, path, true)).toBe(
      '--protect-kernel-defaults in ExecStart (/etc/systemd/system/k3s.service:2) overrides the key in files',
    );
  });

  it('where it is on, no change is made that would restart into unfit kernel settings', () => {
    const before = at133({
      ...kernelFits,
      '/proc/sys/kernel/panic': '0\n',
      [config]: 'protect-kernel-defaults: true\n',
    });
    expect(refusalOf(before, 'podPidsLimit', 4096)).toMatch(
      /would not start with the current kernel settings: kernel\.panic is 0; first run: sysctl -w kernel\.panic=10/,
    );
  });
});
