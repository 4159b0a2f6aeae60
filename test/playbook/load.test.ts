import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ToolError } from '../../src/lib/errors.js';
import { loadPlaybook, parsePlaybook } from '../../src/playbook/load.js';

const head = `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: {name: mine, title: Mine}
rules:
`;
const words = '    title: T\n    severity: low\n    why: because\n';
const rule = (lines: string): string => `${head}  - id: one\n${words}${lines.replace(/^/gm, '    ')}\n`;

/** The lines of the error that a faulty playbook throws. */
function faults(text: string): readonly string[] {
  try {
    parsePlaybook('mine.yaml', text);
  } catch (error) {
    expect(error).toBeInstanceOf(ToolError);
    expect((error as ToolError).code).toBe('playbook');
    return (error as ToolError).message.split('\n');
  }
  return [];
}

describe('a rule', () => {
  it('about a setting', () => {
    const [loaded] = parsePlaybook(
      'mine.yaml',
      rule('setting: podPidsLimit\nwant: {atLeast: 1}\nset: 4096\nversions: ">=1.29"'),
    ).rules;
    expect(loaded).toEqual({
      kind: 'setting',
      id: 'one',
      title: 'T',
      severity: 'low',
      why: 'because',
      mayBreak: undefined,
      versions: '>=1.29',
      skip: {},
      references: { cis: {}, stig: [], docs: [] },
      setting: 'podPidsLimit',
      want: { atLeast: 1 },
      set: 4096,
    });
  });

  it('about a setting that is only looked at, a flag, or a gate', () => {
    const load = (lines: string): unknown => parsePlaybook('m', rule(lines)).rules[0];
    expect(load('setting: tlsCertFile\nwant: {set: true}')).toMatchObject({ set: undefined });
    expect(load('setting: flags.hostname-override\nwant: {absent: true}')).toMatchObject({
      setting: 'flags.hostname-override',
    });
    expect(load('setting: featureGates.Any\nwant: {oneOf: [null, true]}')).toMatchObject({
      want: { oneOf: [null, true] },
    });
  });

  it('about a file, which apply repairs unless told otherwise', () => {
    const file = 'file: {path: kubelet-config, mode: {atMost: "0600"}, owner: root:root}';
    expect(parsePlaybook('m', rule(file)).rules[0]).toMatchObject({
      kind: 'file',
      fix: true,
      file: { mode: { atMost: '0600' } },
    });
    expect(parsePlaybook('m', rule(`${file}\nfix: false`)).rules[0]).toMatchObject({ fix: false });
  });

  it('for a person', () => {
    expect(parsePlaybook('m', rule('manual: true\nlook: at it')).rules[0]).toMatchObject({
      kind: 'manual',
      look: 'at it',
    });
  });

  it('is read as the YAML that the kubelet reads', () => {
    const text = rule('setting: seccompDefault\nwant: {equals: yes}\nset: on');
    expect(parsePlaybook('m', text).rules[0]).toMatchObject({ want: { equals: true }, set: true });
  });
});

describe('playbooks/README.md', () => {
  it('shows rules that load', async () => {
    const [whole = '', ...parts] = [
      ...(await readFile('playbooks/README.md', 'utf8')).matchAll(/```yaml\n(.*?)```/gs),
    ].map(([, text]) => text ?? '');
    expect(parsePlaybook('README.md', whole).rules).toHaveLength(1);
    expect(parts.map((part) => parsePlaybook('README.md', rule(part.trim())).rules[0]?.kind)).toEqual([
      'file',
      'manual',
    ]);
  });
});

describe('a faulty playbook', () => {
  it('is told all its mistakes at once, in the order of the file', () => {
    const text = `${head.replace('Playbook', 'Playbok')}  - id: one
    titel: T
    severity: hihg
    why: because
    setting: readOnlyPrt
    want: {equal: 0}
  - id: one
    title: T
    severity: low
    why: because
    file: {path: kubelet-conf, mode: {atMost: 0600}}
    manual: true
`;
    expect(faults(text)).toEqual([
      'mine.yaml:2: kind: must be Playbook, not "Playbok", did you mean "Playbook"?',
      'mine.yaml:5: rules[0].title: is required: a string',
      'mine.yaml:6: rules[0].titel: unknown key "titel", did you mean "title"?',
      'mine.yaml:7: rules[0].severity: must be one of low, medium, high, critical, not "hihg", did you mean "high"?',
      'mine.yaml:9: rules[0].setting: "readOnlyPrt" is not a known setting, did you mean "readOnlyPort"?',
      'mine.yaml:10: rules[0].want: needs exactly one of equals, oneOf, atLeast, atMost, subsetOf, set, absent',
      'mine.yaml:10: rules[0].want.equal: unknown key "equal", did you mean "equals"?',
      'mine.yaml:11: rules[1].id: another rule already has the id "one"',
      'mine.yaml:11: rules[1]: has file and manual, but a rule has only one of them',
      'mine.yaml:15: rules[1].file.path: must be one of kubelet-unit, kubelet-config, kubelet-kubeconfig, client-ca, proxy-kubeconfig, not "kubelet-conf", did you mean "kubelet-config"?',
      'mine.yaml:15: rules[1].file.mode.atMost: must be a string, not the number 384; put it in quotes',
    ]);
  });

  it.each([
    ['', 'mine.yaml:1: must be a mapping, not empty'],
    [`${head}  []`, 'mine.yaml:4: rules: must not be empty'],
    [rule(''), 'mine.yaml:5: rules[0]: needs one of setting, file, packetFilter, addressList, manual'],
    [rule('setting: port'), 'mine.yaml:5: rules[0]: a rule with setting needs want'],
    [rule('manual: true'), 'mine.yaml:5: rules[0]: a rule with manual needs look'],
    [rule('manual: true\nlook: x\nset: 1'), 'mine.yaml:11: rules[0].set: belongs in a rule with setting'],
    [rule('setting: port\nwant: {set: true}\nfix: false'), 'mine.yaml:11: rules[0].fix: belongs in a rule with file'],
    [
      rule('setting: port\nwant: {set: true, equals: 1}'),
      'mine.yaml:10: rules[0].want: needs exactly one of equals, oneOf, atLeast, atMost, subsetOf, set, absent',
    ],
    [
      rule('setting: port\nwant: {}'),
      'mine.yaml:10: rules[0].want: needs exactly one of equals, oneOf, atLeast, atMost, subsetOf, set, absent',
    ],
    [
      rule('setting: readOnlyPort\nwant: {equals: 0}\nset: 10255'),
      "mine.yaml:11: rules[0].set: 10255 does not satisfy the rule's own want: 0",
    ],
    [
      rule('setting: readOnlyPort\nwant: {equals: "0"}'),
      'mine.yaml:10: rules[0].want: readOnlyPort takes a whole number, not "0"',
    ],
    [
      rule('setting: seccompDefault\nwant: {oneOf: [true, "x"]}'),
      'mine.yaml:10: rules[0].want: seccompDefault takes true or false, not "x"',
    ],
    [
      rule('setting: tlsMinVersion\nwant: {atLeast: TLS1.2}'),
      'mine.yaml:10: rules[0].want: "TLS1.2" cannot be compared; use a number, a duration or a TLS version',
    ],
    [
      rule('setting: flags.hostname-override\nwant: {absent: true}\nset: x'),
      'mine.yaml:11: rules[0].set: kubelatch cannot write a flag without a configuration field; remove set',
    ],
    [rule('file: {path: client-ca}'), 'mine.yaml:9: rules[0].file: needs mode, owner or both'],
    [
      rule('file: {path: client-ca, mode: {atMost: "600"}}'),
      'mine.yaml:9: rules[0].file.mode.atMost: a mode is four octal digits in quotes, such as "0600"',
    ],
    [
      rule('file: {path: client-ca, owner: root}'),
      'mine.yaml:9: rules[0].file.owner: an owner is user:group, such as root:root',
    ],
    [
      rule('setting: port\nwant: {set: true}\nversions: ~1.29'),
      'mine.yaml:11: rules[0].versions: "~1.29" is not a version range such as ">=1.29 <1.34"',
    ],
    [
      rule('setting: port\nwant: {set: true}\nreferences: {cis: {cis-1.12: 4.2}}'),
      'mine.yaml:11: rules[0].references.cis."cis-1.12": must be a string, not the number 4.2; put it in quotes',
    ],
    [
      rule('setting: port\nwant: {set: true}\nreferences: {stig: [242391]}'),
      'mine.yaml:11: rules[0].references.stig[0]: must be a string, not the number 242391; put it in quotes',
    ],
  ])('%j', (text, line) => {
    expect(faults(text)).toContain(line);
  });
});

describe('loadPlaybook', () => {
  it('takes a path for a path, and a name for a built-in', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'playbook-'));
    try {
      const path = join(folder, 'own.yml');
      await writeFile(path, rule('manual: true\nlook: x'));
      expect(await loadPlaybook(path)).toMatchObject({ source: path, name: 'mine' });
      expect(await loadPlaybook('baseline')).toMatchObject({ source: 'baseline', name: 'baseline' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the nearest built-in and all of them', async () => {
    await expect(loadPlaybook('cis-1.21')).rejects.toMatchObject({
      code: 'playbook',
      message: 'there is no playbook named "cis-1.21"',
      hint: expect.stringMatching(
        /^Did you mean cis-1\.(11|12)\? Built-in playbooks: baseline, cis-1\.11, cis-1\.12, k3s-cis, rke2-cis, stig, tls\./,
      ) as string,
    });
    await expect(loadPlaybook('./none.yaml')).rejects.toMatchObject({
      code: 'playbook',
      message: './none.yaml: no such file',
    });
  });
});
