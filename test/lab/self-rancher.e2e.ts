// Proves on the lab that is up that its k3s and RKE2 nodes plant, break and heal as they say; other nodes are left alone.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachLab, type FileState, type Lab, type LabNode } from './lab.js';

const lab: Lab = attachLab();
const nodes = Object.entries(lab.nodes).filter(([, { shape }]) => /^(k3s|rke2)-/.test(shape));
const planted: Record<string, Readonly<Record<string, FileState>>> = {};

const product = (of: LabNode): 'k3s' | 'rke2' => (of.shape.startsWith('k3s') ? 'k3s' : 'rke2');
const old = (of: LabNode): boolean => of.shape.endsWith('-old');
const later = (of: LabNode): string => `/etc/rancher/${product(of)}/config.yaml.d/90-later.yaml`;
const dropIns = (of: LabNode): string => `/var/lib/rancher/${product(of)}/agent/etc/kubelet.conf.d`;
const crictl = (of: LabNode): string => (product(of) === 'k3s' ? 'k3s crictl' : '/var/lib/rancher/rke2/bin/crictl');

/** A test that says nothing where it does not apply. */
const when = (applies: boolean): typeof it | (() => void) => (applies ? it : () => undefined);

async function sh(node: string, script: string): Promise<string> {
  return (await lab.on(node, script)).stdout.trim();
}

/** A later file of settings, as a hardening would write it, and a restart. */
async function settle(node: string, of: LabNode, entries: readonly string[]): Promise<void> {
  const lines = ['kubelet-arg+:', ...entries.map((entry) => `- ${entry}`)].join('\n');
  await lab.on(node, `printf '%s\\n' '${lines}' >${later(of)}; systemctl restart ${of.unit}`);
}
const harden = (node: string, of: LabNode): Promise<void> =>
  settle(node, of, ['anonymous-auth=false', 'read-only-port=0']);
async function revert(node: string, of: LabNode): Promise<void> {
  await lab.on(node, `rm -f ${later(of)}; systemctl restart ${of.unit}`);
}

beforeAll(async () => {
  expect(nodes).not.toEqual([]);
  for (const [node] of nodes) {
    await lab.plant(node);
    planted[node] = await lab.snapshot(node);
  }
});
afterAll(async () => {
  for (const [node] of nodes) await lab.plant(node);
});

describe.each(nodes)('node %s', (node, of) => {
  afterEach(() => lab.clearFaults(node));
  const log = (): Promise<string> => sh(node, `journalctl -u ${of.unit} -o cat -n 200`);

  it('is planted weak, with the files of its product and generation', async () => {
    expect(await lab.probe(node)).toEqual({ anonymous10250: 200, port10255: 'open' });
    const files = Object.keys(planted[node] ?? {});
    expect(files).toContain(`/etc/rancher/${product(of)}/config.yaml`);
    expect(files.includes(`${dropIns(of)}/00-${product(of)}-defaults.conf`)).toBe(!old(of));
    const release = await sh(node, 'cat /opt/planted/etc/lab-version');
    expect(Number(/^v1\.(\d+)\.\d+\+/.exec(release)?.[1]) < 32, release).toBe(old(of));
    expect(await sh(node, `${product(of)} --version`)).toContain(` ${release} `);
    expect(await log()).toContain('msg="Running kubelet --');
  });

  it('has a kubelet process only where the product has one', async () => {
    const command = await sh(node, 'for p in $(pgrep -x kubelet); do tr "\\0" " " </proc/$p/cmdline; done');
    if (product(of) === 'k3s') expect(command).toBe('');
    else expect(command).toMatch(/^kubelet --volume-plugin-dir=.* --kubeconfig=.*[^\n]*$/);
    expect(command).not.toContain('log-file');
    expect(command.includes('--config-dir=')).toBe(product(of) === 'rke2' && !old(of));
  });

  it('is closed by a later file and open again, byte for byte, after planting; containers live on', async () => {
    const containers = await sh(node, `${crictl(of)} ps -q`);
    expect(containers).toMatch(/^[0-9a-f]{64}$/);
    await harden(node, of);
    await lab.waitReady(node, { reachable: true });
    expect(await lab.probe(node)).toEqual({ anonymous10250: 401, port10255: 'refused' });
    expect(await lab.snapshot(node)).not.toEqual(planted[node]);
    await lab.plant(node);
    expect(await lab.probe(node)).toEqual({ anonymous10250: 200, port10255: 'open' });
    expect(await lab.snapshot(node)).toEqual(planted[node]);
    expect(await sh(node, `${crictl(of)} ps -q`)).toBe(containers);
  });

  it('turns NotReady when changed, Ready when put back', async () => {
    await lab.faultNotReadyWhenHardened(node);
    await harden(node, of);
    await expect.poll(() => lab.ready(node), { timeout: 60_000, interval: 500 }).toBe('False');
    expect(await sh(node, `systemctl is-active ${of.unit}`)).toBe('active');
    await revert(node, of);
    await lab.waitReady(node, { reachable: true });
  });

  it('stays Ready but unreachable when changed, reachable when put back', async () => {
    await lab.faultUnreachableWhenHardened(node);
    await harden(node, of);
    await lab.waitReady(node);
    expect((await lab.get(`/api/v1/nodes/${node}/proxy/healthz`)).status).toBeGreaterThanOrEqual(500);
    await revert(node, of);
    await lab.waitReady(node, { reachable: true });
  });

  it('has a kubelet that dies when changed, in the way of its product, and lives when put back', async () => {
    await lab.faultDiesWhenHardened(node);
    await harden(node, of);
    const state = (): Promise<string> => sh(node, `systemctl show -p SubState --value ${of.unit}`);
    if (product(of) === 'k3s') {
      await expect.poll(state, { timeout: 60_000 }).toBe('auto-restart');
      expect(await log()).toMatch(/level=fatal msg="kubelet exited: .*client-ca\.crt/);
    } else {
      await expect.poll(log, { timeout: 60_000 }).toContain('level=error msg="Kubelet exited: exit status ');
      expect(await state()).toBe('running');
      const why = 'client-ca.crt: no such file';
      expect(await log()).not.toContain(why);
      expect((await lab.on(node, `grep -q '${why}' /var/lib/rancher/rke2/agent/logs/kubelet.log`)).code).toBe(0);
    }
    await revert(node, of);
    await lab.waitReady(node, { reachable: true });
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  it('does not start with a malformed config.yaml, and says one line', async () => {
    await lab.breakConfigYaml(node);
    // A kubelet just started may say NotReady once more before its runtime answers.
    await expect.poll(() => lab.ready(node), { timeout: 60_000, interval: 500 }).toBe('True');
    expect((await lab.on(node, `systemctl restart ${of.unit}`)).code).not.toBe(0);
    expect(await log()).toMatch(/level=fatal msg="yaml: line \d+: /);
    await lab.plant(node);
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  it.each(['config', 'state'] as const)('has a full, then a read-only disk where the %s is', async (where) => {
    const folder = where === 'state' ? '/var/lib/kubelatch' : `/etc/rancher/${product(of)}`;
    await lab.faultDiskFull(node, where);
    expect((await lab.on(node, `echo x >${folder}/lab-probe`)).stderr).toContain('No space left on device');
    await lab.clearFaults(node);
    await lab.faultReadOnly(node, where);
    expect((await lab.on(node, `echo x >${folder}/lab-probe`)).stderr).toContain('Read-only file system');
    await lab.clearFaults(node);
    expect((await lab.on(node, `echo x >${folder}/lab-probe && rm ${folder}/lab-probe`)).code).toBe(0);
  });

  it('puts an argument in ExecStart behind the entries of the files', async () => {
    const role = of.shape.includes('server') ? 'server' : 'agent';
    const start = `/usr/local/bin/${product(of)} ${role} --kubelet-arg=max-pods=99`;
    const folder = `/etc/systemd/system/${of.unit}.service.d`;
    await lab.on(
      node,
      `mkdir -p ${folder}; printf '[Service]\\nExecStart=\\nExecStart=%s\\n' '${start}' >${folder}/10-x.conf
      systemctl daemon-reload; systemctl restart ${of.unit}`,
    );
    await lab.waitReady(node, { reachable: true });
    const line = (await log()).split('Running kubelet').at(-1) ?? '';
    expect([line.includes('--anonymous-auth=true'), line.includes('--max-pods=99')]).toEqual([true, true]);
    expect((await lab.probe(node)).port10255).toBe('open');
    await lab.plant(node);
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  when(!old(of))('copies what entries name, and leaves the copies behind', async () => {
    const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration';
    await lab.on(node, `mkdir -p /root/d; printf '${head}\\nmaxPods: 44\\n' | tee /root/d/a.conf >/root/k.yaml`);
    await settle(node, of, ['config=/root/k.yaml', 'config-dir=/root/d']);
    await revert(node, of);
    expect(await sh(node, `cd ${dropIns(of)}; ls -d 1* 2*/*`)).toBe('10-cli-config.conf\n20-cli-config-dir/a.conf');
    await lab.plant(node);
    expect(await lab.snapshot(node)).toEqual(planted[node]);
  });

  when(!old(of))('loses the entry after a bare one', async () => {
    await settle(node, of, ['seccomp-default', 'max-pods=33', 'event-qps=7']);
    const line = (await log()).split('Running kubelet').at(-1) ?? '';
    expect(line).toContain('--seccomp-default=true');
    expect(line).toContain('--event-qps=7');
    expect(line).not.toContain('--max-pods=33');
    await lab.plant(node);
  });

  when(!old(of))('leaves 10255 open by itself in 1.32.1', async () => {
    await lab.on(
      node,
      `echo v1.32.1+${product(of)} >/etc/lab-version; cd /etc/rancher/${product(of)}
      sed -i /read-only-port/d config.yaml config.yaml.d/*; systemctl restart ${of.unit}`,
    );
    await lab.waitReady(node, { reachable: true });
    expect((await log()).split('Running kubelet').at(-1)).not.toContain('read-only-port');
    expect((await lab.probe(node)).port10255).toBe('open');
    await lab.plant(node);
  });

  when(of.shape.startsWith('k3s-server'))('takes its etcd and API server along', async () => {
    const health = 'curl -s -m 5 http://127.0.0.1:2381/health';
    expect(await sh(node, health)).toContain('"health":"true"');
    expect(await sh(node, 'k3s kubectl get --raw /readyz')).toBe('ok');
    expect(await sh(node, `systemctl stop ${of.unit}; ${health}; echo " $?"`)).toBe('7');
    expect((await lab.on(node, 'k3s kubectl get --raw /readyz')).stderr).toContain('refused');
    await lab.plant(node);
  });

  when(of.shape.startsWith('rke2-server'))('leaves etcd and API server running', async () => {
    const health = 'curl -s -m 5 http://127.0.0.1:2381/health';
    expect(await sh(node, `systemctl stop ${of.unit}; ${health}`)).toContain('"health":"true"');
    const kubectl = '/var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml';
    expect(await sh(node, `${kubectl} get --raw /readyz`)).toBe('ok');
    await lab.plant(node);
  });
});

const servers = nodes.filter(([, { shape }]) => shape === 'k3s-server');
if (servers.length >= 3) {
  describe('three servers', () => {
    const first = servers[0]?.[0] ?? '';
    const down = servers.slice(1, 1 + Math.ceil(servers.length / 2));
    const health = (): Promise<string> => sh(first, 'curl -s -m 5 http://127.0.0.1:2381/health');
    afterAll(async () => {
      for (const [node, { unit }] of down) await lab.on(node, `systemctl start ${unit}`);
    });

    it('lose their quorum, and the API server its voice, with more than half of them', async () => {
      for (const [index, [node, { unit }]] of down.entries()) {
        expect(await health(), `${index} down`).toContain('"health":"true"');
        expect(await sh(first, 'k3s kubectl get --raw /readyz')).toBe('ok');
        await lab.on(node, `systemctl stop ${unit}`);
      }
      expect(await health()).toContain('"health":"false"');
      const asked = await lab.on(
        first,
        'timeout 5 k3s kubectl get --raw /readyz; timeout 3 bash -c "</dev/tcp/127.0.0.1/6443"',
      );
      expect(asked.stdout).toBe('');
      // The port itself is open.
      expect(asked.code).toBe(0);
    });
  });
}
