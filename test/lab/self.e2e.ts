// Proves on the lab that is up that planting and every fault do what they say, so that a scenario's failure is never the lab's.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachLab, type FileState, type Lab } from './lab.js';

let lab: Lab;
const planted: Record<string, Readonly<Record<string, FileState>>> = {};

/** The settings changed by hand, as a hardening would: the faults that wait for a change must strike now. */
const harden = `if [ -e /var/lib/kubelet/config.yaml ]; then
  sed -i -e '/anonymous:/,/webhook:/s/enabled: true.*/enabled: false/' -e 's/^readOnlyPort:.*/readOnlyPort: 0/' /var/lib/kubelet/config.yaml
else
  sed -i 's/--anonymous-auth=true --read-only-port=10255/--anonymous-auth=false --read-only-port=0/' /etc/systemd/system/kubelet.service
  systemctl daemon-reload
fi
systemctl restart kubelet`;
/** The planted settings put back by hand, as a revert would: the same faults must let go. */
const revert = `for f in var/lib/kubelet/config.yaml etc/systemd/system/kubelet.service; do
  [ ! -e "/opt/planted/$f" ] || cp -a --remove-destination "/opt/planted/$f" "/$f"
done
systemctl daemon-reload
systemctl restart kubelet`;

async function proxied(node: string): Promise<number> {
  return (await lab.get(`/api/v1/nodes/${node}/proxy/healthz`)).status;
}

beforeAll(async () => {
  lab = attachLab();
  for (const node of ['n1', 'n3']) {
    await lab.plant(node);
    planted[node] = await lab.snapshot(node);
  }
});
afterAll(async () => {
  for (const node of ['n1', 'n3']) await lab.plant(node);
});

describe.each(['n1', 'n3'])('node %s', (node) => {
  afterEach(() => lab.clearFaults(node));

  it('is planted weak', async () => {
    expect(await lab.probe(node)).toEqual({ anonymous10250: 200, port10255: 'open' });
  });

  it('is closed by a change and open again, byte for byte, after planting', async () => {
    await lab.on(
      node,
      `${harden}; mkdir -p /var/lib/kubelatch/x /etc/systemd/system/kubelet.service.d; : >/etc/systemd/system/kubelet.service.d/50-x.conf`,
    );
    await lab.waitReady(node, { reachable: true });
    expect(await lab.probe(node)).toEqual({ anonymous10250: 401, port10255: 'refused' });
    expect(await lab.snapshot(node)).not.toEqual(planted[node]);
    await lab.plant(node);
    expect(await lab.probe(node)).toEqual({ anonymous10250: 200, port10255: 'open' });
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  it('turns NotReady when changed, Ready when put back', async () => {
    await lab.faultNotReadyWhenHardened(node);
    await lab.on(node, harden);
    await expect.poll(() => lab.ready(node), { timeout: 60_000, interval: 500 }).toBe('False');
    expect((await lab.on(node, 'systemctl is-active kubelet')).stdout.trim()).toBe('active');
    await lab.on(node, revert);
    await lab.waitReady(node, { reachable: true });
  });

  it('stays Ready but unreachable when changed, reachable when put back', async () => {
    await lab.faultUnreachableWhenHardened(node);
    await lab.on(node, harden);
    await lab.waitReady(node);
    expect(await proxied(node)).toBeGreaterThanOrEqual(500);
    expect((await lab.probe(node)).anonymous10250).not.toBe('refused');
    await lab.on(node, revert);
    await lab.waitReady(node, { reachable: true });
  });

  it('has a kubelet that dies when changed and lives when put back', async () => {
    await lab.faultDiesWhenHardened(node);
    await lab.on(node, harden);
    await expect
      .poll(async () => (await lab.on(node, 'systemctl show -p SubState --value kubelet')).stdout.trim(), {
        timeout: 30_000,
      })
      .toBe('auto-restart');
    await lab.on(node, revert);
    await lab.waitReady(node, { reachable: true });
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  it.each(['config', 'state'] as const)('has a full, then a read-only disk where the %s is', async (where) => {
    const folder =
      where === 'state' ? '/var/lib/kubelatch' : node === 'n3' ? '/etc/systemd/system' : '/var/lib/kubelet';
    await lab.faultDiskFull(node, where);
    expect((await lab.on(node, `echo x >${folder}/lab-probe`)).stderr).toContain('No space left on device');
    await lab.clearFaults(node);
    await lab.faultReadOnly(node, where);
    expect((await lab.on(node, `echo x >${folder}/lab-probe`)).stderr).toContain('Read-only file system');
    await lab.clearFaults(node);
    expect((await lab.on(node, `echo x >${folder}/lab-probe && rm ${folder}/lab-probe`)).code).toBe(0);
    expect(await lab.ready(node)).toBe('True');
  });

  it('changes its host key and stops its sshd, and back', async () => {
    const key = async (): Promise<string> => (await lab.on(node, 'cat /etc/ssh/ssh_host_ed25519_key.pub')).stdout;
    const before = await key();
    await lab.faultChangeHostKey(node);
    expect(await key()).not.toBe(before);
    await lab.stopSshd(node);
    expect((await lab.on(node, 'ss -Hltn sport = :22')).stdout).toBe('');
    await lab.clearFaults(node);
    expect(await key()).toBe(before);
    expect((await lab.on(node, 'ss -Hltn sport = :22')).stdout).not.toBe('');
  });
});

it('takes extra arguments and a malformed config.yaml on a kubeadm node', async () => {
  await lab.extraArgs('n1', '--read-only-port=0');
  expect((await lab.probe('n1')).port10255).toBe('refused');
  await lab.breakConfigYaml('n1');
  expect(await lab.ready('n1')).toBe('True');
  await lab.plant('n1');
  expect(await lab.snapshot('n1')).toEqual(planted['n1']);
});
