import { describe, expect, it } from 'vitest';
import { systemd } from '../../src/distros/systemd.js';
import type { KubeletSetup } from '../../src/facts/kubelet-setup.js';
import type { FileFact, NodeFacts, UnitFact } from '../../src/facts/node-facts.js';
import { settingByFlag } from '../../src/facts/settings.js';
import { withText } from '../../src/plan/simulate.js';
import { factsOf, fileOf, unitOf } from '../nodes/facts-of.js';
import { harden as hardenSupervised, k3sNode, setupOf as supervisedSetupOf } from './supervised-node.js';

const unitPath = '/etc/systemd/system/kubelet.service';
const folder = `${unitPath}.d`;
const ours = `${folder}/zz-kubelatch.conf`;
const service = (...lines: readonly string[]): string => `[Service]\n${lines.join('\n')}\n`;

function node(
  texts: Readonly<Record<string, string>>,
  unit: Partial<UnitFact> = {},
  more: readonly FileFact[] = [],
): NodeFacts {
  const facts = factsOf(texts, { systemd: 252 });
  return {
    ...facts,
    units: facts.units.map((one) => ({ ...one, ...unit })),
    files: new Map([...facts.files, ...more.map((file) => [file.path, file] as const)]),
  };
}
function setupOf(facts: NodeFacts): KubeletSetup {
  const setup = systemd.detect(facts);
  if (setup === undefined) throw new Error('no kubelet found');
  return setup;
}
function change(facts: NodeFacts, flag = 'anonymous-auth', value = false): string {
  const info = settingByFlag.get(flag);
  if (info === undefined) throw new Error(flag);
  const result = systemd.change(facts, setupOf(facts), info, value);
  return result.ok ? 'done' : result.error;
}

describe('a drop-in that sorts after ours', () => {
  const unit = service('ExecStart=/usr/bin/kubelet --anonymous-auth=true');

  it.each<[string, string, string]>([
    [
      'sets ExecStart= again',
      service('ExecStart=', 'ExecStart=/usr/bin/kubelet --anonymous-auth=true --v=2'),
      'zzz-other.conf:2 overrides ExecStart=, because it sorts after zz-kubelatch.conf',
    ],
    ['sets nothing of it', service('Restart=always', 'Environment=A=1'), 'done'],
  ])('%s', (_, text, expected) => {
    const facts = node({ [unitPath]: unit, [`${folder}/zzz-other.conf`]: text });
    expect(change(facts)).toContain(expected);
    expect(change(facts)).not.toContain('quoting');
  });

  it('sets the variable again', () => {
    const later = '/usr/lib/systemd/system/kubelet.service.d/zzz-vendor.conf';
    const texts = {
      [unitPath]: service('ExecStart=/usr/bin/kubelet $ARGS'),
      [later]: service('Environment=B=1', 'Environment="ARGS=--v=2 --anonymous-auth=true"'),
    };
    expect(change(node(texts, { dropInPaths: [later] }))).toContain(
      `${later}:3 overrides ARGS, because it sorts after zz-kubelatch.conf`,
    );
  });

  it('is no matter where the change goes elsewhere', () => {
    const facts = node({
      [unitPath]: service('EnvironmentFile=/etc/default/kubelet', 'ExecStart=/usr/bin/kubelet $ARGS'),
      '/etc/default/kubelet': 'ARGS=--anonymous-auth=true\n',
      [`${folder}/zzz-other.conf`]: service('Environment=B=1'),
    });
    expect(change(facts)).toBe('done');
  });

  it('of a k3s unit is told too', () => {
    const facts = k3sNode('v1.33.1', {}, "/usr/local/bin/k3s server '--kubelet-arg=anonymous-auth=true'");
    const later = '/etc/systemd/system/k3s.service.d/zzz-other.conf';
    const text = service('ExecStart=', "ExecStart=/usr/local/bin/k3s server '--kubelet-arg=anonymous-auth=true'");
    const units = facts.units.map((unit) => ({ ...unit, dropInPaths: [later] }));
    const files = new Map(facts.files).set(later, fileOf(later, text));
    const result = hardenSupervised({ ...facts, units, files }, 'authentication.anonymous.enabled', false, {
      moveArguments: true,
    });
    expect(result).toEqual({
      refused: expect.stringContaining(
        `${later}:2 overrides ExecStart=, because it sorts after zz-kubelatch.conf`,
      ) as string,
    });
  });
});

describe('what keeps systemd from starting the unit', () => {
  const site = `${folder}/50-site.conf`;
  const gone: FileFact = { kind: 'absent', path: '/etc/site.env' };
  const texts = {
    [unitPath]: service('ExecStart=/usr/bin/kubelet --anonymous-auth=true'),
    [site]: service('# site', 'EnvironmentFile=/etc/site.env'),
  };

  it('is a fault of the sources, with path and line', () => {
    const { sources } = setupOf(node(texts, {}, [gone]));
    expect(sources.faults).toEqual([
      {
        path: site,
        line: 3,
        message: 'EnvironmentFile=/etc/site.env does not exist, and the path has no leading - to make it optional',
      },
    ]);
    expect(change(node(texts, {}, [gone]))).toContain(`${site}:3: EnvironmentFile=/etc/site.env does not exist`);
  });

  it('is not told of a file that nobody looked for yet: it could not be read', () => {
    expect(setupOf(node(texts)).sources.faults).toEqual([
      { path: '/etc/site.env', message: 'the file could not be read' },
    ]);
  });

  it('is none where it is there, or may be missing', () => {
    expect(setupOf(node(texts, {}, [fileOf('/etc/site.env', 'A=1\n')])).sources.faults).toEqual([]);
    const optional = { ...texts, [site]: service('EnvironmentFile=-/etc/site.env') };
    expect(setupOf(node(optional, {}, [gone])).sources.faults).toEqual([]);
  });

  it('is told of k3s, whose files its unit names by %N', () => {
    const names = '/usr/local/bin/k3s server\nEnvironmentFile=-/etc/default/%N\nEnvironmentFile=/etc/sysconfig/%N';
    const facts = k3sNode('v1.33.1', { '/etc/default/k3s': 'K3S_CONFIG_FILE=/c.yaml\n' }, names);
    const absent = (path: string): [string, FileFact] => [path, { kind: 'absent', path }];
    const files = new Map([...facts.files, absent('/etc/sysconfig/k3s'), absent('/c.yaml')]);
    const { sources, configPaths } = supervisedSetupOf({ ...facts, files });
    expect(configPaths).toEqual(expect.arrayContaining(['/etc/default/k3s', '/etc/sysconfig/k3s', '/c.yaml']));
    expect(sources.faults[0]).toMatchObject({ path: '/etc/systemd/system/k3s.service', line: 4 });
  });

  it('is told of a unit that systemd calls bad', () => {
    const [fault] = setupOf(node({ [unitPath]: service('ExecStart=/usr/bin/kubelet %Z') }, { refused: true })).sources
      .faults;
    expect(fault).toMatchObject({ path: unitPath, line: 2, message: 'ExecStart=: unknown specifier %Z' });
  });
});

describe('what is not clear', () => {
  it('is told, and nothing is changed by it', () => {
    const facts = node({ [unitPath]: service('ExecStart=/usr/bin/kubelet --anonymous-auth=true --provider-id=%m') });
    expect(setupOf(facts).sources.unclear).toMatchObject([{ path: unitPath, line: 2 }]);
    expect(change(facts)).toMatch(new RegExp(`^${unitPath}:2: .*%m`));
  });

  it('is not a specifier that is known', () => {
    const facts = node({
      [unitPath]: service('ExecStart=/usr/bin/kubelet --anonymous-auth=true --hostname-override=%H'),
    });
    const { sources } = setupOf(facts);
    expect(sources.unclear).toEqual([]);
    expect(sources.flags.find(({ name }) => name === 'hostname-override')?.value).toBe('node1');
  });
});

it('finds the unit by an alias, and puts its drop-in where its own name is', () => {
  const own = '/etc/systemd/system/k8s.service';
  const unit = unitOf({
    name: 'k8s.service',
    names: ['k8s.service', 'kubelet.service'],
    fragmentPath: own,
    dropInPaths: [`${folder}/10.conf`],
  });
  const texts = {
    [own]: service('ExecStart=/usr/bin/kubelet'),
    [`${folder}/10.conf`]: service('ExecStart=', 'ExecStart=/usr/bin/kubelet --anonymous-auth=true'),
  };
  const facts: NodeFacts = { ...factsOf(texts), units: [unit] };
  expect(setupOf(facts).sources.flags).toMatchObject([{ name: 'anonymous-auth', value: 'true' }]);
  const info = settingByFlag.get('anonymous-auth');
  const result = info && systemd.change(facts, setupOf(facts), info, false);
  expect(result).toMatchObject({ ok: true, value: [{ path: `${own}.d/zz-kubelatch.conf` }] });
});

it('keeps specifiers as they are written in what it writes', () => {
  const text = service('ExecStart=/usr/bin/kubelet --hostname-override=%H --node-ip=5%% --anonymous-auth=true');
  const facts = node({ [unitPath]: text });
  const info = settingByFlag.get('anonymous-auth');
  const result = info && systemd.change(facts, setupOf(facts), info, false);
  const [made] = result?.ok === true ? result.value : [];
  expect(made?.path).toBe(ours);
  expect(made?.text).toContain(
    '\nExecStart=/usr/bin/kubelet --hostname-override=%H --node-ip=5%% --anonymous-auth=false\n',
  );
});

it('after a change, what systemd had loaded is not held against the files', () => {
  const asLoaded = { commands: ['/k --anonymous-auth=true'], environmentFiles: [] };
  const facts = node({ [unitPath]: service('ExecStart=/usr/bin/kubelet --anonymous-auth=true') }, { asLoaded });
  const after = withText(facts, 'kubelet.service', {
    path: ours,
    text: service('ExecStart=', 'ExecStart=/usr/bin/kubelet'),
  });
  expect(setupOf(after).sources.unclear).toEqual([]);
  expect(withText(facts, 'kubelet.service', { path: '/etc/other', text: '' }).units[0]?.asLoaded).toEqual(asLoaded);
});
