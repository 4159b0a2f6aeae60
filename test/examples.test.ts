/** The examples: every inventory and every playbook in them is read by the loaders that the program uses. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInventory } from '../src/inventory/load.js';
import { loadPlaybook } from '../src/playbook/load.js';
import { project } from './source-file.js';

const folder = join(project, 'examples');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
const inventories = files.filter((path) => path.endsWith('inventory.yaml')).sort();
const playbooks = files.filter((path) => path.startsWith('playbooks/')).sort();

/** Hosts in each inventory, so that a range that means something else is noticed. */
const hosts: Readonly<Record<string, number>> = {
  'k3s/inventory.yaml': 3 + 12,
  'kubeadm/inventory.yaml': 3 + 40 + 1,
  'rke2/inventory.yaml': 3 + 20 + 4,
  'systemd/inventory.yaml': 1 + 2,
};

describe('inventories', () => {
  it('are those that are counted here', () => {
    expect(inventories).toEqual(Object.keys(hosts).sort());
  });

  it.each(inventories)('%s loads', async (path) => {
    const inventory = await readInventory(join(folder, path));
    expect(inventory.hosts).toHaveLength(hosts[path] ?? 0);
    expect(new Set(inventory.hosts.map(({ role }) => role))).toEqual(new Set(['control-plane', 'worker']));
    const { kubeconfig, via } = inventory.cluster;
    expect([kubeconfig, via].filter((way) => way !== undefined)).toHaveLength(1);
  });

  it('show the ways in that the README of the examples names', async () => {
    const sshOf = async (path: string, name: string): Promise<unknown> =>
      (await readInventory(join(folder, path))).hosts.find((host) => host.name === name)?.ssh;
    expect(await sshOf('kubeadm/inventory.yaml', 'node07')).toMatchObject({ jump: ['ops@bastion.example.com:2222'] });
    expect(await sshOf('kubeadm/inventory.yaml', 'edge1')).toMatchObject({ jump: [] });
    expect(await sshOf('rke2/inventory.yaml', 'rke2-server2')).toMatchObject({ jump: ['bastion-a', 'bastion-b'] });
    expect(await sshOf('rke2/inventory.yaml', 'agent07')).toMatchObject({ user: 'deploy', become: 'helper' });
    expect(await sshOf('rke2/inventory.yaml', 'edge4')).toMatchObject({ user: 'ops', jump: [], become: 'sudo' });
    expect(await sshOf('systemd/inventory.yaml', 'blade1')).toMatchObject({ user: 'root', become: 'none' });
  });
});

describe('playbooks', () => {
  it.each(playbooks)('%s loads, under the name of its file', async (path) => {
    const playbook = await loadPlaybook(join(folder, path));
    expect(path).toBe(`playbooks/${playbook.name}.yaml`);
    expect(playbook.rules).not.toHaveLength(0);
  });

  it('extend baseline without a rule or a setting of its own', async () => {
    const [base, ours] = await Promise.all([
      loadPlaybook('baseline'),
      loadPlaybook(join(folder, 'playbooks/our-nodes.yaml')),
    ]);
    const checked = base.rules.flatMap((rule) => (rule.kind === 'setting' ? [rule.id, rule.setting] : [rule.id]));
    const repeated = ours.rules.filter(
      (rule) => checked.includes(rule.id) || (rule.kind === 'setting' && checked.includes(rule.setting)),
    );
    expect(repeated).toEqual([]);
    expect(new Set(ours.rules.map(({ kind }) => kind))).toEqual(new Set(['setting', 'file', 'manual']));
  });

  it('that only report write nothing', async () => {
    const { rules } = await loadPlaybook(join(folder, 'playbooks/report-only.yaml'));
    const writing = rules.filter((rule) => rule.kind !== 'setting' || rule.set !== undefined);
    expect(writing.map(({ id }) => id)).toEqual([]);
  });

  it('name a schema that is there', () => {
    for (const path of playbooks) {
      const text = readFileSync(join(folder, path), 'utf8');
      const schema = /\$schema=(\S+)/.exec(text)?.[1] ?? 'none';
      expect(readFileSync(join(folder, 'playbooks', schema), 'utf8')).toContain('"kind"');
    }
  });
});
