// The lab chooses flags, fields and releases by the version that its kubelet tells, without booting anything.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { lineToRun } from './lab/supervisor/kubelet-line.js';

const lab = join(import.meta.dirname, 'lab');
const folder = mkdtempSync(join(tmpdir(), 'lab-versions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, says: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
  return path;
}

/** What up.sh knows after it has asked a kubelet that says this. */
function chosen(says: string, kind = 'real'): { status: number | null; lines: string[]; error: string } {
  const script = `. ./place.sh; . ./versions.sh; LAB_KIND=${kind}; take_version "$1"
    printf '%s\\n' "$LAB_MINOR" "$LAB_RUNTIME" "$LAB_NEW_RELEASE" "$LAB_OLD_RELEASE"`;
  const ran = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script, 'bash', program('kubelet', says)], {
    cwd: lab,
    encoding: 'utf8',
  });
  return { status: ran.status, lines: ran.stdout.trim().split('\n'), error: ran.stderr };
}

const endpoint = '--container-runtime-endpoint=unix:///run/containerd/containerd.sock';
const asked = `--container-runtime=remote ${endpoint}`;

describe('the version of a real kubelet', () => {
  test.each([
    ['v1.20.2', ['20', asked, 'v1.33.5', 'v1.31.4']],
    ['v1.26.9', ['26', asked, 'v1.33.5', 'v1.31.4']],
    ['v1.29.14', ['29', endpoint, 'v1.33.5', 'v1.29.14']],
    ['v1.31.0-rc.1', ['31', endpoint, 'v1.33.5', 'v1.31.0']],
    ['v1.32.3', ['32', endpoint, 'v1.32.3', 'v1.31.4']],
    ['v1.36.2', ['36', endpoint, 'v1.36.2', 'v1.31.4']],
  ])('%s decides the runtime flags, and the release of k3s and RKE2 nodes', (version, lines) => {
    expect(chosen(`Kubernetes ${version}`)).toEqual({ status: 0, lines, error: '' });
  });

  test('of the stand-in leaves the releases as they are', () => {
    expect(chosen('Kubernetes v1.36.0', 'standin').lines.slice(2)).toEqual(['v1.33.5', 'v1.31.4']);
  });

  test('that is not told ends the start in one line', () => {
    const { status, error } = chosen('cannot execute binary file');
    expect(status).toBe(1);
    expect(error).toContain("does not tell its version: it says 'cannot execute binary file'");
  });
});

test.each([
  ['20', false],
  ['34', false],
  ['35', true],
  ['36', true],
])('nodes of 1.%s are told to go on without the second version of control groups: %s', (minor, told) => {
  const files = ['kubeadm/var/lib/kubelet/config.yaml.in', 'systemd/etc/systemd/system/kubelet.service.in'].map(
    (name, index) => {
      const copy = join(folder, `copy-${index}`);
      cpSync(join(lab, 'shapes', name), copy);
      return copy;
    },
  );
  execFileSync('bash', ['-euc', `. ./versions.sh; LAB_MINOR=${minor}; without_newer "$@"`, 'bash', ...files], {
    cwd: lab,
  });
  const [config = '', unit = ''] = files.map((file) => readFileSync(file, 'utf8'));
  expect(/^failCgroupV1: false$/m.test(config)).toBe(told);
  expect(unit.includes(' --fail-swap-on=false --fail-cgroupv1=false\n')).toBe(told);
  expect(unit.includes(' --fail-swap-on=false\n')).toBe(!told);
});

describe('the line of a k3s or RKE2 kubelet', () => {
  const product = ['--cloud-provider=external', '--config-dir=/d', '--max-pods=9', '--pod-infra-container-image=pause'];
  const own = [
    '--cgroup-driver=cgroupfs',
    '--cgroups-per-qos=false',
    '--enforce-node-allocatable=',
    '--fail-swap-on=false',
  ];

  test.each([
    [30, [...product.slice(1), ...own, endpoint]],
    [34, [...product.slice(1), ...own, endpoint]],
    [35, ['--config-dir=/d', '--max-pods=9', ...own, '--fail-cgroupv1=false', endpoint]],
    [36, ['--config-dir=/d', '--max-pods=9', ...own, '--fail-cgroupv1=false', endpoint]],
  ])('is the product’s own for 1.%i, but for what no kubelet in the lab can do', (minor, line) => {
    expect(lineToRun(product, 'v1.33.5+k3s1', minor)).toEqual(line);
  });

  test('goes to the stand-in unchanged', () => {
    expect(lineToRun(product, 'v1.33.5+k3s1', undefined)).toEqual(product);
  });
});
