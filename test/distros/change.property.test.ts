import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../src/distros/systemd-kubelet.js';
import { systemd } from '../../src/distros/systemd.js';
import { type Setting, effectiveSetting } from '../../src/facts/effective-kubelet.js';
import { flagText } from '../../src/facts/kubelet-flags.js';
import { type NodeFacts, textOf } from '../../src/facts/node-facts.js';
import { type SettingInfo, type Value, settingByFlag } from '../../src/facts/settings.js';
import { withText } from '../../src/plan/simulate.js';
import { environmentText, execStartText } from '../edit/flag-text.js';
import { factsOf, unitOf } from '../nodes/facts-of.js';

const unitPath = '/etc/systemd/system/kubelet.service';
const environmentPath = '/etc/default/kubelet';
const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

const wanted: Readonly<Record<string, Value>> = {
  'anonymous-auth': false,
  'read-only-port': 0,
  'authorization-mode': 'Webhook',
  'tls-cipher-suites': ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  'event-qps': 5,
  'client-ca-file': '/etc/kubernetes/pki/ca.crt',
};

const infoOf = (flag: string): SettingInfo => {
  const info = settingByFlag.get(flag);
  if (info === undefined) throw new Error(flag);
  return info;
};

const argumentsOf = (facts: NodeFacts): string[] =>
  facts.units.flatMap((unit) => commandOf(facts, unit).arguments.map((one) => one.text));

function settingOf(facts: NodeFacts, info: SettingInfo): Setting {
  const setup = systemd.detect(facts);
  if (setup === undefined) throw new Error('no kubelet found');
  return effectiveSetting(setup.sources, info);
}

/** What a plan does: one step after the other until the value is in effect. */
function harden(facts: NodeFacts, info: SettingInfo, value: Value): NodeFacts {
  let after = facts;
  for (let step = 0; step < 6; step += 1) {
    const setup = systemd.detect(after);
    if (setup === undefined) throw new Error('no kubelet found');
    if (JSON.stringify(effectiveSetting(setup.sources, info).value) === JSON.stringify(value)) return after;
    const change = systemd.change(after, setup, info, value);
    if (!change.ok) throw new Error(change.error);
    for (const one of change.value) after = withText(after, 'kubelet.service', one);
  }
  throw new Error('not in effect after 6 steps');
}

const flag = fc.constantFrom(...Object.keys(wanted));
const runs = { numRuns: 250 };

describe('a flag in an environment file', () => {
  it('goes where a config file can say it, and every other argument stays', () => {
    fc.assert(
      fc.property(environmentText, flag, ({ text }, name) => {
        const unit = `[Service]\nEnvironmentFile=-${environmentPath}\nExecStart=/usr/bin/kubelet --config=/c $KUBELET_EXTRA_ARGS\n`;
        const before = factsOf({ [unitPath]: unit, [environmentPath]: text, '/c': config });
        if (JSON.stringify(settingOf(before, infoOf(name)).value) === JSON.stringify(wanted[name])) return;
        const after = harden(before, infoOf(name), wanted[name] ?? null);
        const kept = argumentsOf(before).filter((one) => !one.startsWith(`--${name}=`));
        expect(argumentsOf(after)).toEqual(kept);
        expect(textOf(after, unitPath)).toBe(unit);
        expect(settingOf(after, infoOf(name)).flags).toEqual([]);
      }),
      runs,
    );
  });

  it('gets its new value in place where there is no config file', () => {
    fc.assert(
      fc.property(environmentText, flag, ({ text, flags }, name) => {
        const unit = `[Service]\nEnvironmentFile=${environmentPath}\nExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS --hostname-override=last\n`;
        const before = factsOf({ [unitPath]: unit, [environmentPath]: text });
        const after = harden(before, infoOf(name), wanted[name] ?? null);
        if (JSON.stringify(settingOf(before, infoOf(name)).value) === JSON.stringify(wanted[name])) return;
        if (!flags.some(({ argument }) => argument.startsWith(`--${name}=`))) return;
        const changed = argumentsOf(before).map((one) =>
          one.startsWith(`--${name}=`) ? flagText(infoOf(name), wanted[name] ?? null) : one,
        );
        expect(argumentsOf(after)).toEqual(changed);
      }),
      runs,
    );
  });
});

describe('a flag in ExecStart', () => {
  it('is changed or added by a drop-in of ours: every other argument stays, the unit is not touched', () => {
    fc.assert(
      fc.property(execStartText, flag, ({ text, flags }, name) => {
        const before = factsOf({ [unitPath]: text });
        expect(argumentsOf(before).slice(1)).toEqual(flags.map(({ argument }) => argument));
        const value = wanted[name] ?? null;
        const after = harden(before, infoOf(name), value);
        const was = argumentsOf(before);
        const index = was.findIndex((one) => one.startsWith(`--${name}=`));
        const isSame = JSON.stringify(settingOf(before, infoOf(name)).value) === JSON.stringify(value);
        const changed =
          index < 0 ? [...was, flagText(infoOf(name), value)] : was.with(index, flagText(infoOf(name), value));
        expect(argumentsOf(after)).toEqual(isSame ? was : changed);
        expect(textOf(after, unitPath)).toBe(text);
      }),
      runs,
    );
  });

  it('is changed again and again in the same drop-in', () => {
    fc.assert(
      fc.property(execStartText, fc.shuffledSubarray(Object.keys(wanted)), ({ text }, names) => {
        const before = factsOf({ [unitPath]: text });
        const after = names.reduce((facts, name) => harden(facts, infoOf(name), wanted[name] ?? null), before);
        for (const name of names) expect(settingOf(after, infoOf(name)).value).toEqual(wanted[name]);
        expect(after.files.size).toBeLessThanOrEqual(2);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a flag in Environment=', () => {
  const path = '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf';
  const dropIn = (name: string, value: string): string =>
    `[Service]\nEnvironment="OTHER=--v=1" "${name}=${value}"\nExecStart=\nExecStart=/usr/bin/kubelet $OTHER $${name}\n`;

  it.each([
    ['--anonymous-auth=true --v=2', ['--anonymous-auth=false', '--v=2']],
    ["--node-labels='a b' --anonymous-auth=true", ['--node-labels=a b', '--anonymous-auth=false']],
    ['--node-labels=\\"a b\\" --anonymous-auth=true', ['--node-labels=a b', '--anonymous-auth=false']],
    ['--node-ip=100%% --anonymous-auth', ['--node-ip=100%', '--anonymous-auth=false']],
  ])('of a package, %s: our drop-in sets the variable anew', (value, result) => {
    const before = factsOf(
      {
        '/usr/lib/systemd/system/kubelet.service': '[Service]\nExecStart=/usr/bin/kubelet\n',
        [path]: dropIn('ARGS', value),
      },
      { units: [unitOf({ fragmentPath: '/usr/lib/systemd/system/kubelet.service', dropInPaths: [path] })] },
    );
    const after = harden(before, infoOf('anonymous-auth'), false);
    expect(argumentsOf(after)).toEqual(['/usr/bin/kubelet', '--v=1', ...result]);
    expect(textOf(after, path)).toBe(dropIn('ARGS', value));
    expect([...after.files.keys()].at(-1)).toBe('/etc/systemd/system/kubelet.service.d/zz-kubelatch.conf');
  });

  it('of an administrator is changed where it stands', () => {
    const text = dropIn('ARGS', '--v=2 --anonymous-auth=true');
    const mine = '/etc/systemd/system/kubelet.service.d/10-mine.conf';
    const after = harden(
      factsOf({ [unitPath]: '[Service]\nExecStart=/usr/bin/kubelet\n', [mine]: text }),
      infoOf('anonymous-auth'),
      false,
    );
    expect(textOf(after, mine)).toBe(text.replace('=true', '=false'));
  });
});

describe('a change that cannot be made safely is refused', () => {
  const change = (facts: NodeFacts, name: string): string => {
    const setup = systemd.detect(facts);
    const result = setup && systemd.change(facts, setup, infoOf(name), wanted[name] ?? null);
    return result?.ok === false ? result.error : 'done';
  };

  it('where the file holds other bytes than UTF-8', () => {
    const unit = `[Service]\nEnvironmentFile=${environmentPath}\nExecStart=/usr/bin/kubelet $ARGS\n`;
    const latin1 = Buffer.from('# Gr\xf6\xdfe\nARGS=--anonymous-auth=true\n', 'latin1');
    expect(change(factsOf({ [unitPath]: unit, [environmentPath]: latin1 }), 'anonymous-auth')).toMatch(/UTF-8/);
  });

  it('where quotes run across words', () => {
    const unit = `[Service]\nEnvironmentFile=${environmentPath}\nExecStart=/usr/bin/kubelet $ARGS\n`;
    const text = 'ARGS="--anonymous-auth="true\n';
    expect(change(factsOf({ [unitPath]: unit, [environmentPath]: text }), 'anonymous-auth')).toMatch(/quoting/);
  });

  it('where a flag and its value stand in different places', () => {
    const unit = `[Service]\nEnvironment=PORT=10255\nExecStart=/usr/bin/kubelet --read-only-port $PORT\n`;
    expect(change(factsOf({ [unitPath]: unit }), 'read-only-port')).toMatch(/quoting|by hand/);
  });
});
