import { describe, expect, it } from 'vitest';
import { detectDistro, probeRequest } from '../../src/distros/index.js';
import { k3s } from '../../src/distros/k3s.js';
import type { NodeFacts } from '../../src/facts/node-facts.js';
import { findIneffectiveSettings } from '../../src/facts/not-in-effect.js';
import { unitOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';
import { k3sNode, setupOf, valueOf } from './supervised-node.js';

const folder = '/var/lib/rancher/k3s/agent/etc/kubelet.conf.d';
const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const config = '/etc/rancher/k3s/config.yaml';

const saying = (line: string, files: Readonly<Record<string, string>> = {}, version = 'v1.33.1'): NodeFacts => ({
  ...k3sNode(version, files),
  started: new Map([['k3s.service', line]]),
});
const line = (args: string): string => `time="2026-01-02T03:04:05Z" level=info msg="Running kubelet ${args}"`;
const flagsOf = (facts: NodeFacts): (readonly [string, string | undefined])[] | undefined =>
  setupOf(facts).running?.flags.map(({ name, value }) => [name, value]);

describe('the line that says what the kubelet was started with', () => {
  it('is taken apart at the arguments, whose values may hold blanks and quotes', () => {
    expect(flagsOf(saying(line('--a=x y --node-labels=k=\\"v\\" --read-only-port=0')))).toEqual([
      ['a', 'x y'],
      ['node-labels', 'k="v"'],
      ['read-only-port', '0'],
    ]);
    expect(setupOf(saying(line('--v=2'))).running?.where).toBe('journal of k3s.service');
  });

  it.each([
    ['none', ''],
    ['one cut off', line('--a=b').slice(0, -3)],
    ['another level', line('--a=b').replace('info', 'error')],
    ['more behind the message', `${line('--a=b')} error="x"`],
    ['an escape that is none', line('--a=\\q')],
    ['something before it', `x ${line('--a=b')}`],
  ])('%s is not known', (_, text) => {
    expect(setupOf(saying(text)).running).toBeUndefined();
  });

  it('tells what differs from the files, and nothing where nobody could read it', () => {
    const facts = saying(line('--anonymous-auth=true --read-only-port=0'), {
      [`${folder}/00-k3s-defaults.conf`]: `${head}authentication: {anonymous: {enabled: false}}\n`,
    });
    const found = (one: NodeFacts): string[] =>
      findIneffectiveSettings(one, setupOf(one), undefined).map(({ message }) => message);
    expect(found(facts)).toEqual([
      'authentication.anonymous.enabled: the files set false, but the running kubelet was started with true. It needs a restart',
    ]);
    expect(found({ ...facts, started: new Map([['k3s.service', '']]) })).toEqual([]);
    expect(found({ ...facts, started: new Map() })).toEqual([]);
  });

  it('before 1.32 tells the supervisor’s own flags that hang on more than is read', () => {
    const own = '--feature-gates=A=true --allowed-unsafe-sysctls=net.ipv4.ip_forward --read-only-port=0';
    const facts = saying(line(own), {}, 'v1.30.1');
    expect([valueOf(facts, 'featureGates'), valueOf(facts, 'allowedUnsafeSysctls')]).toEqual([
      { A: true },
      ['net.ipv4.ip_forward'],
    ]);
    const asked = saying(line(own), { [config]: 'kubelet-arg: [feature-gates=B=true]\n' }, 'v1.30.1');
    expect(valueOf(asked, 'featureGates')).toEqual({ B: true });
  });
});

it('a child’s own arguments are what it was started with', () => {
  const { facts } = readNode('rke2-agent-1.31');
  expect(setupOf(facts).running?.where).toBe('arguments of process 812');
  const argv = ['kubelet', '--read-only-port=10255', '--anonymous-auth=false'];
  const processes = facts.processes.map((one) => (one.pid === 812 ? { ...one, argv } : one));
  const other = { ...facts, processes };
  expect(
    findIneffectiveSettings(other, setupOf(other), undefined).map(({ kind, what }) => `${kind} ${what}`),
  ).toContain('differs authentication.anonymous.enabled');
});

describe('copies that nothing names any more', () => {
  const left = (text: string, copy: Readonly<Record<string, string>>): string[] => {
    const facts = k3sNode('v1.33.1', { [config]: text, ...copy });
    return (setupOf(facts).leftovers ?? []).map(({ path, message }) => `${path.slice(folder.length + 1)} ${message}`);
  };
  const one = { [`${folder}/10-cli-config.conf`]: head };
  const two = { [`${folder}/20-cli-config-dir/a.conf`]: head, [`${folder}/20-cli-config-dir/b.conf`]: head };

  it('are told, with what named them', () => {
    expect(left('', { ...one, ...two }).map((text) => /^\S+|config\S*=/g.exec(text)?.[0])).toEqual([
      '10-cli-config.conf',
      '20-cli-config-dir/a.conf',
      '20-cli-config-dir/b.conf',
    ]);
    expect(left('', one)[0]).toMatch(/kubelet-arg config= entry that no longer exists.*Delete the file$/);
  });

  it('are none while their source is named and there', () => {
    expect(left('kubelet-arg: [config=/srv/k.conf]\n', { ...one, '/srv/k.conf': head })).toEqual([]);
    const named = 'kubelet-arg: [config-dir=/srv/d]\n';
    expect(left(named, { ...two, '/srv/d/a.conf': head, '/srv/d/b.conf': head })).toEqual([]);
    expect(left(named, { ...two, '/srv/d/a.conf': head })[0]).toMatch(/^20-cli-config-dir\/b\.conf /);
  });

  it('are no matter before 1.32, where nothing is copied', () => {
    expect(setupOf(k3sNode('v1.31.4', one)).leftovers).toEqual([]);
  });
});

it('what is overruled on purpose says so', () => {
  const user = { [`${folder}/50-ops.conf`]: `${head}authorization:\n  mode: AlwaysAllow\n` };
  const ours = { [`${folder}/99-kubelatch.conf`]: `${head}authorization:\n  mode: Webhook\n` };
  const facts = k3sNode('v1.33.1', { ...user, ...ours });
  const [found] = findIneffectiveSettings(facts, setupOf(facts), undefined);
  expect(found?.message).toContain(
    `kubelatch overrides this line on purpose. You can delete it from ${folder}/50-ops.conf`,
  );
});

it('a swallowed entry is told as what it is', () => {
  const facts = k3sNode('v1.33.1', { [config]: 'kubelet-arg:\n  - seccomp-default\n  - max-pods=9\n' });
  const found = findIneffectiveSettings(facts, setupOf(facts), undefined);
  expect(found.map(({ message }) => message)).toContain(
    `kubelet-arg=--max-pods=9 has no effect: the entry at ${config}:2 has no value and takes this one as its value. Give that entry a value (key=value)`,
  );
});

describe('a node that OpenRC runs', () => {
  const { facts } = readNode('k3s-openrc');

  it('is understood, and never changed', () => {
    const setup = setupOf(facts);
    expect(setup.unit).toMatchObject({ name: 'k3s', mainPid: 812 });
    expect(setup.server).toBe(true);
    expect(setup.unchangeable?.reason).toContain('does not run systemd');
  });

  it('whose script has to be run to be understood is not taken for anything', () => {
    const script = facts.files.get('/etc/init.d/k3s');
    if (script?.kind !== 'file') throw new Error('no script');
    const content = Buffer.from((script.content?.toString() ?? '').replace('"server', '"$ROLE'));
    const files = new Map(facts.files).set('/etc/init.d/k3s', { ...script, content });
    expect(() => setupOf({ ...facts, files })).toThrow('no kubelet found');
  });
});

it('is asked for in one request', () => {
  const { programs, starters, accounts } = probeRequest();
  expect({ programs, starters, accounts }).toEqual({
    programs: ['k3s*', 'rke2*', 'kube*'],
    starters: ['k3s*.service'],
    accounts: ['etcd'],
  });
});

describe('disable-agent', () => {
  const switched = 'disable-agent: true\n';
  const why = (facts: NodeFacts): string | undefined => k3s.noKubelet?.(facts)?.reason;
  const command = '/usr/local/bin/k3s server';

  it.each<readonly [what: string, facts: NodeFacts, place: string]>([
    ['in config.yaml', k3sNode('v1.33.1', { [config]: switched }), `${config}:1`],
    ['as an argument', k3sNode('v1.33.1', {}, `${command} --disable-agent`), '/etc/systemd/system/k3s.service:2'],
    [
      'in a later file',
      k3sNode('v1.33.1', { [`${config}.d/a.yml`]: 'x: 1\ndisable-agent: yes\n' }),
      `${config}.d/a.yml:2`,
    ],
    ['by an alias', k3sNode('v1.33.1', { [config]: 'x: &t true\ndisable-agent: *t\n' }), `${config}:2`],
  ])('%s leaves no kubelet to judge', (_, facts, place) => {
    expect(detectDistro(facts)).toBeUndefined();
    expect(why(facts)).toContain(`with disable-agent (${place})`);
  });

  it.each<readonly [what: string, facts: NodeFacts]>([
    ['false', k3sNode('v1.33.1', { [config]: 'disable-agent: false\n' })],
    ['overruled by an argument', k3sNode('v1.33.1', { [config]: switched }, `${command} --disable-agent=false`)],
    ['a key of agents, who do not know it', k3sNode('v1.33.1', { [config]: 'x: 1\n' }, '/usr/local/bin/k3s agent')],
  ])('%s takes nothing away', (_, facts) => {
    expect(setupOf(facts).distro).toBe('k3s');
    expect(why(facts)).toBeUndefined();
  });

  it('where a kubelet runs all the same is judged, and never restarted', () => {
    const facts = { ...k3sNode('v1.33.1', { [config]: switched }), listening: [{ address: '::', port: 10250 }] };
    expect(setupOf(facts).unchangeable?.reason).toBe(
      `disable-agent is on (${config}:1), so a restart would stop the kubelet and not start it again`,
    );
    expect(setupOf(saying(line('--v=2'), { [config]: switched })).unchangeable).toBeDefined();
  });

  it('on a machine that runs an agent beside it: the agent’s kubelet is judged', () => {
    const agent = '/etc/systemd/system/k3s-agent.service';
    const facts = k3sNode(
      'v1.33.1',
      { [agent]: '[Service]\nExecStart=/usr/local/bin/k3s agent\n' },
      `${command} --disable-agent`,
    );
    const units = [...facts.units, unitOf({ name: 'k3s-agent.service', fragmentPath: agent, mainPid: 900 })];
    const setup = setupOf({ ...facts, units, listening: [{ address: '::', port: 10250 }] });
    expect([setup.unit.name, setup.server, setup.unchangeable]).toEqual(['k3s-agent.service', false, undefined]);
  });
});

describe('the certificate with which the API server calls kubelets', () => {
  const path = '/var/lib/rancher/k3s/server/tls/client-kube-apiserver.crt';
  const clientOf = (command: string): string | undefined =>
    setupOf(k3sNode('v1.33.1', {}, command)).apiClientCertificate;

  it('is asked for, and stands on servers alone, in their data folder', () => {
    expect(probeRequest().read).toContain(path);
    expect(probeRequest().read).toContain(path.replace('/k3s/', '/rke2/'));
    expect(clientOf('/usr/local/bin/k3s server')).toBe(path);
    expect(clientOf('/usr/local/bin/k3s agent')).toBeUndefined();
    expect(clientOf('/usr/local/bin/k3s server --data-dir /data')).toBe('/data/server/tls/client-kube-apiserver.crt');
  });
});
