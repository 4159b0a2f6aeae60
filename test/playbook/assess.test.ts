import { describe, expect, it } from 'vitest';
import { detectDistro } from '../../src/distros/index.js';
import type { FileFact, NodeFacts } from '../../src/facts/node-facts.js';
import { type Finding, type NodeView, assess, fitsMode } from '../../src/playbook/assess.js';
import { parsePlaybook } from '../../src/playbook/load.js';
import type { Rule } from '../../src/playbook/schema.js';
import { factsOf, fileOf, processOf, startedAt, unitOf } from '../nodes/facts-of.js';

const unitPath = '/etc/systemd/system/kubelet.service';
const unit = '[Service]\nExecStart=/usr/bin/kubelet --config=/c.yaml --hostname-override=n1\n';
const argv = ['/usr/bin/kubelet', '--config=/c.yaml', '--hostname-override=n1'];
const config = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

const ruleOf = (text: string): Rule => {
  const head = 'apiVersion: kubelatch.dev/v1\nkind: Playbook\nmetadata: {name: t, title: t}\nrules:\n';
  const playbook = parsePlaybook('t', `${head}- {id: r, title: t, severity: low, why: w, ${text}}\n`);
  const [rule] = playbook.rules;
  if (rule === undefined) throw new Error('no rule');
  return rule;
};

function viewOf(facts: NodeFacts, over: Partial<NodeView> = {}): NodeView {
  const setup = detectDistro(facts)?.setup;
  if (setup === undefined) throw new Error('no kubelet');
  return { facts, setup, configz: undefined, kubeletVersion: undefined, ...over };
}

const nodeWith = (text: string, over: Partial<NodeFacts> = {}): NodeFacts =>
  factsOf({ [unitPath]: unit, '/c.yaml': config + text }, { processes: [processOf(argv)], ...over });

function withConfig(file?: FileFact): NodeFacts {
  const files = new Map<string, FileFact>([[unitPath, fileOf(unitPath, unit)]]);
  return nodeWith('', { files: file === undefined ? files : files.set(file.path, file) });
}

const judge = (view: NodeView, rule: string): Finding => judgeRule(view, ruleOf(rule));

function judgeRule(view: NodeView, rule: Rule): Finding {
  const [finding] = assess(view, { source: '', name: 't', title: '', description: '', rules: [rule] });
  if (finding === undefined) throw new Error('no finding');
  return finding;
}

const port = 'setting: readOnlyPort, want: {equals: 0}';

describe('a setting', () => {
  it('passes with its value and place', () => {
    expect(judge(viewOf(nodeWith('readOnlyPort: 0\n')), port)).toMatchObject({
      ...{
        rule: 'r',
        playbook: 't',
        severity: 'low',
        status: 'pass',
        want: { equals: 0 },
        wantText: '0',
        setting: 'readOnlyPort',
        got: 0,
      },
      source: { kind: 'file', path: '/c.yaml', line: 3 },
    });
  });

  it('passes by a default', () => {
    expect(judge(viewOf(nodeWith('')), port)).toMatchObject({ status: 'pass', source: { kind: 'default' } });
  });

  it('fails with what was found', () => {
    const finding = judge(viewOf(nodeWith('readOnlyPort: 10255\n')), port);
    expect(finding).toMatchObject({ status: 'fail', got: 10255, source: { kind: 'file', line: 3 } });
  });

  it('fails where the running kubelet says otherwise than its files', () => {
    const finding = judge(viewOf(nodeWith('readOnlyPort: 0\n'), { configz: { readOnlyPort: 10255 } }), port);
    expect(finding).toMatchObject({ status: 'fail', got: 10255, source: { kind: 'configz' } });
    expect(finding.note).toContain('restart');
  });

  it('fails by the files although the running kubelet still has the right value', () => {
    expect(judge(viewOf(nodeWith('readOnlyPort: 10255\n'), { configz: {} }), port).status).toBe('fail');
  });

  it('passes where the running kubelet confirms it, though a file is younger', () => {
    const facts = nodeWith('readOnlyPort: 0\n');
    const young = fileOf('/c.yaml', `${config}readOnlyPort: 0\n`, { mtime: startedAt + 60 });
    const files = new Map(facts.files).set('/c.yaml', young);
    expect(judge(viewOf({ ...facts, files }), port)).toMatchObject({ status: 'unknown' });
    expect(judge(viewOf({ ...facts, files }, { configz: {} }), port)).toMatchObject({ status: 'pass' });
  });

  it.each<[string, NodeFacts]>([
    ['no kubelet runs', nodeWith('', { processes: [] })],
    ['the unit is not reloaded', nodeWith('', { units: [unitOf({ needsReload: true })] })],
    ['the config file is malformed', nodeWith('x: [\n')],
    ['the config file is missing', withConfig({ kind: 'absent', path: '/c.yaml' })],
    ['the config file was not read', withConfig()],
    ['the config file is too large', withConfig(fileOf('/c.yaml', '', { content: undefined, size: 1e6 }))],
    ['a drop-in could not be read', nodeWith('', { units: [unitOf({ dropInPaths: ['/d/10.conf'] })] })],
    [
      'an environment file could not be read',
      factsOf(
        { [unitPath]: unit.replace('[Service]\n', '[Service]\nEnvironmentFile=/e\n'), '/c.yaml': config },
        { processes: [processOf(argv)] },
      ),
    ],
  ])('is unknown where %s', (_, facts) => {
    const finding = judge(viewOf(facts), port);
    expect(finding.status).toBe('unknown');
    expect(finding.note).not.toBeUndefined();
  });

  it('is unknown where nobody knows the setting', () => {
    const rule: Rule = { ...ruleOf(port), kind: 'setting', setting: 'notASetting', want: { set: true } };
    expect(judgeRule(viewOf(nodeWith('')), rule).status).toBe('unknown');
  });

  it('reads one feature gate, and one that is not there as not set', () => {
    const gates = 'featureGates: {RotateKubeletServerCertificate: true}\n';
    const rule = 'setting: featureGates.RotateKubeletServerCertificate, want: {equals: true}';
    expect(judge(viewOf(nodeWith(gates)), rule)).toMatchObject({ status: 'pass', got: true });
    expect(judge(viewOf(nodeWith('')), rule)).toMatchObject({ status: 'fail', got: null });
  });

  it('fails on a list that the running kubelet does not have', () => {
    const view = viewOf(nodeWith('tlsCipherSuites: [A]\n'), { configz: { readOnlyPort: 0 } });
    expect(judge(view, 'setting: tlsCipherSuites, want: {subsetOf: [A, B]}')).toMatchObject({
      status: 'fail',
      got: [],
    });
  });
});

describe('suites of TLS 1.3', () => {
  const rule = 'setting: tlsCipherSuites, want: {subsetOf: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}';
  const good = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
  const list = (...names: readonly string[]): string => `tlsCipherSuites: [${names.join(', ')}]\n`;

  it('pass beside good ones, and are shown', () => {
    const names = [good, 'TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'];
    const facts = nodeWith(list(...names));
    expect(judge(viewOf(facts), rule)).toMatchObject({ status: 'pass', got: names });
    expect(judge(viewOf(facts, { configz: { tlsCipherSuites: names } }), rule)).toMatchObject({ status: 'pass' });
  });

  it('make nothing good that is not', () => {
    for (const names of [['TLS_AES_256_GCM_SHA384'], [good, 'TLS_AES_256_GCM_SHA384', 'TLS_RSA_WITH_AES_128_CBC_SHA']])
      expect(judge(viewOf(nodeWith(list(...names))), rule).status).toBe('fail');
    const running = { configz: { tlsCipherSuites: ['TLS_AES_128_GCM_SHA256'] } };
    expect(judge(viewOf(nodeWith(list(good)), running), rule).status).toBe('fail');
  });
});

describe('a flag', () => {
  const absent = 'setting: flags.hostname-override, want: {absent: true}';

  it('passes and fails by the command line', () => {
    const source = { kind: 'flag', path: unitPath, line: 2 };
    expect(judge(viewOf(nodeWith('')), absent)).toMatchObject({ status: 'fail', got: 'n1', source });
    const none = judge(viewOf(nodeWith('')), 'setting: flags.cert-dir, want: {absent: true}');
    expect(none).toMatchObject({ status: 'pass', got: undefined, source: { kind: 'default' } });
  });

  it('is unknown where the command line could not be read', () => {
    const rule = 'setting: flags.cert-dir, want: {absent: true}';
    expect(judge(viewOf(nodeWith('', { units: [unitOf({ dropInPaths: ['/d.conf'] })] })), rule).status).toBe('unknown');
  });

  it('is judged by the running kubelet where its unit would start it with other words, and no file is younger', () => {
    const other = viewOf(nodeWith('', { processes: [processOf([...argv, '--cert-dir=/x'])] }));
    expect(judge(other, 'setting: flags.cert-dir, want: {absent: true}')).toMatchObject({ status: 'fail', got: '/x' });
    expect(judge(other, port).status).toBe('pass');
    const stopped = viewOf(nodeWith('', { units: [unitOf()], processes: [] }));
    expect(judge(stopped, port).status).toBe('unknown');
  });
});

describe('a file', () => {
  const rule = 'file: {path: kubelet-config, mode: {atMost: "0600"}, owner: "root:root"}';
  const withFile = (over: object): NodeFacts => {
    const facts = nodeWith('');
    return { ...facts, files: new Map(facts.files).set('/c.yaml', fileOf('/c.yaml', config, over)) };
  };

  it.each([
    ['pass', { mode: '0600' }],
    ['pass', { mode: '0400' }],
    ['fail', { mode: '0640' }],
    ['fail', { mode: '4600' }],
    ['fail', { mode: '0600', owner: 'kube:kube' }],
  ])('%s: %j', (status, over) => {
    expect(judge(viewOf(withFile(over)), rule)).toMatchObject({ status, source: { kind: 'stat', path: '/c.yaml' } });
  });

  it('is not applicable where the kubelet has none, unknown where it could not be looked at', () => {
    const flags = factsOf(
      { [unitPath]: '[Service]\nExecStart=/usr/bin/kubelet\n' },
      { processes: [processOf(['/usr/bin/kubelet'])] },
    );
    expect(judge(viewOf(flags), rule).status).toBe('not-applicable');
    const facts = nodeWith('');
    for (const kind of ['absent', 'unreadable'] as const) {
      const files = new Map(facts.files).set('/c.yaml', { kind, path: '/c.yaml', reason: 'x' });
      expect(judge(viewOf({ ...facts, files }), rule).status).toBe('unknown');
    }
  });
});

describe('any rule', () => {
  it('is not applicable with the reason where it is skipped for the distribution', () => {
    expect(judge(viewOf(nodeWith('readOnlyPort: 10255\n')), `${port}, skip: {systemd: "because"}`)).toMatchObject({
      status: 'not-applicable',
      note: 'because',
    });
    expect(judge(viewOf(nodeWith('')), `${port}, skip: {k3s: "because"}`).status).toBe('pass');
  });

  it('is for some versions only', () => {
    const rule = (range: string): string => `${port}, versions: "${range}"`;
    const view = viewOf(nodeWith(''));
    expect(judge(view, rule('>=1.29')).status).toBe('pass');
    expect(judge(view, rule('<1.29'))).toMatchObject({
      status: 'not-applicable',
      note: 'the rule is for <1.29, this kubelet is v1.31.4',
    });
    const silent = viewOf(nodeWith('', { processes: [processOf(argv, { version: undefined })] }));
    expect(judge(silent, rule('>=1.29')).status).toBe('unknown');
    expect(judge({ ...silent, kubeletVersion: 'v1.30.0' }, rule('>=1.29')).status).toBe('pass');
  });

  it('that only a person can judge is unknown', () => {
    const finding = judge(viewOf(nodeWith('')), 'manual: true, look: at the ceiling');
    expect(finding).toMatchObject({ status: 'unknown', want: undefined, wantText: 'a manual check', manual: true });
    expect(finding.note).toContain('at the ceiling');
  });
});

describe('fitsMode', () => {
  it.each([
    ['0600', '0600', true],
    ['0000', '0600', true],
    ['0644', '0600', false],
    ['0700', '0600', false],
    ['2600', '0600', false],
    ['0440', '0644', true],
  ])('%s within %s: %s', (mode, atMost, fits) => {
    expect(fitsMode(mode, atMost)).toBe(fits);
  });
});
