import { describe, expect, it } from 'vitest';
import { setYamlValue } from '../../src/edit/yaml-edit.js';

type Value = Parameters<typeof setYamlValue>[2];

/** As kubeadm writes it, with comments of a person. */
const kubeadm = `apiVersion: kubelet.config.k8s.io/v1beta1
# kept by the platform team: do not lose this comment
authentication:
  anonymous:
    enabled: true   # for the old dashboard
  webhook:
    cacheTTL: 0s
    enabled: false
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: AlwaysAllow
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
kind: KubeletConfiguration
readOnlyPort: 10255
`;

const set = (text: string, path: string, value: Value): string => {
  const edited = setYamlValue(text, path.split('.'), value);
  return edited.ok ? edited.value : `refused: ${edited.error}`;
};

describe("setYamlValue on kubeadm's config.yaml", () => {
  it.each<[string, Value, string, string]>([
    ['authentication.anonymous.enabled', false, '    enabled: true   #', '    enabled: false   #'],
    ['authentication.webhook.enabled', true, '    enabled: false\n', '    enabled: true\n'],
    ['authorization.mode', 'Webhook', 'mode: AlwaysAllow', 'mode: Webhook'],
    ['authorization.webhook.cacheAuthorizedTTL', '5m0s', 'cacheAuthorizedTTL: 0s', 'cacheAuthorizedTTL: 5m0s'],
    ['readOnlyPort', 0, 'readOnlyPort: 10255', 'readOnlyPort: 0'],
    ['rotateCertificates', true, 'readOnlyPort: 10255\n', 'readOnlyPort: 10255\nrotateCertificates: true\n'],
    [
      'tlsCipherSuites',
      ['A_B', 'C_D'],
      'readOnlyPort: 10255\n',
      'readOnlyPort: 10255\ntlsCipherSuites:\n- A_B\n- C_D\n',
    ],
    [
      'featureGates.RotateKubeletServerCertificate',
      true,
      'readOnlyPort: 10255\n',
      'readOnlyPort: 10255\nfeatureGates:\n  RotateKubeletServerCertificate: true\n',
    ],
    ['clusterDNS', ['10.0.0.10'], '- 10.96.0.10\n', '- "10.0.0.10"\n'],
  ])('%s', (path, value, before, after) => {
    expect(kubeadm.split(before)).toHaveLength(2);
    expect(set(kubeadm, path, value)).toBe(kubeadm.replace(before, after));
  });
});

describe('setYamlValue', () => {
  it.each<[string, string, string, Value, string]>([
    [
      'an empty parent gets a line',
      'authentication:\n  anonymous:\nx: 1\n',
      'authentication.anonymous.enabled',
      false,
      'authentication:\n  anonymous:\n    enabled: false\nx: 1\n',
    ],
    ['an empty parent keeps its comment', 'a: # why\nx: 1\n', 'a.b', 1, 'a: # why\n  b: 1\nx: 1\n'],
    ['null is a parent too', 'a: null # why\n', 'a.b', 1, 'a: {b: 1} # why\n'],
    [
      'a flow map keeps its form',
      'anonymous: {enabled: true} # c\n',
      'anonymous.enabled',
      false,
      'anonymous: {enabled: false} # c\n',
    ],
    ['a flow map gets an entry', 'a: {enabled: true, }\n', 'a.b', 1, 'a: {enabled: true, b: 1, }\n'],
    ['an empty flow map keeps its comment', 'a: {\n  # why\n}\n', 'a.b', 1, 'a: {b: 1\n  # why\n}\n'],
    ['a flow key without a value', 'a: {b, c}\n', 'a.b', 1, 'a: {b: 1, c}\n'],
    [
      'a new key stands before the comments that end a map',
      'a:\n  b: 1 # one\n  # two\n# three\nc: 1\n',
      'a.d.e',
      true,
      'a:\n  b: 1 # one\n  d:\n    e: true\n  # two\n# three\nc: 1\n',
    ],
    ['the indent of the map is kept', 'a:\n     b: 1\n', 'a.c', 2, 'a:\n     b: 1\n     c: 2\n'],
    ['the last of a repeated key counts', 'a: 1\nb: 2\na: 3\n', 'a', 4, 'a: 1\nb: 2\na: 4\n'],
    ['no last line end', 'a: 1', 'b', 2, 'a: 1\nb: 2\n'],
    ['CRLF', 'a:\r\n  b: 1\r\nc: 2\r\n', 'a.d.e', 3, 'a:\r\n  b: 1\r\n  d:\r\n    e: 3\r\nc: 2\r\n'],
    ['a byte order mark', '\ufeffa: 1\n', 'b', 2, '\ufeffa: 1\nb: 2\n'],
    ['document markers', '%YAML 1.1\n---\na: 1\n...\n', 'b', 2, '%YAML 1.1\n---\na: 1\nb: 2\n...\n'],
    ['quotes around the old value go', "a: 'x' # c\n", 'a', 'why', 'a: why # c\n'],
    ['a blank before the colon', 'a : 1\n', 'a', 2, 'a : 2\n'],
    ['a list becomes shorter', 'a:\n- x\n- y # c\nb: 1\n', 'a', ['z'], 'a:\n- z # c\nb: 1\n'],
    ['an indented list', 'a:\n  - x\n  - y\nb: 1\n', 'a', ['z', 'w'], 'a:\n  - z\n  - w\nb: 1\n'],
    ['a list becomes empty', 'a:\n- x\nb: 1\n', 'a', [], 'a: []\nb: 1\n'],
    ['a block scalar', 'a: |\n  x\n  y\nb: 1\n', 'a', 1, 'a: 1\nb: 1\n'],
    ['behind a block scalar', 'a:\n  b: |\n    x\n', 'a.c', 1, 'a:\n  b: |\n    x\n  c: 1\n'],
    [
      'words that YAML 1.1 takes for something else are quoted',
      'a: 1\n',
      'b',
      ['yes', '1:30', '0x1', ''],
      'a: 1\nb:\n- "yes"\n- "1:30"\n- "0x1"\n- ""\n',
    ],
    ['JSON stays JSON', '{\n  "a": 1\n}\n', 'b.c', 'x', '{\n  "a": 1, "b": {"c": "x"}\n}\n'],
    ['an anchor that nothing refers to', 'a: &x 1\n', 'a', 2, 'a: &x 2\n'],
    ['an alias is replaced', 'a: &x 1\nb: *x\n', 'b', 2, 'a: &x 1\nb: 2\n'],
    ['a merged key is overridden', 'a: &x {k: 1}\nb:\n  <<: *x\n', 'b.k', 2, 'a: &x {k: 1}\nb:\n  <<: *x\n  k: 2\n'],
  ])('%s', (_, text, path, value, after) => {
    expect(set(text, path, value)).toBe(after);
    expect(set(after, path, value)).toBe(after);
  });

  it.each<[string, string, string]>([
    ['another value hangs on it', 'a: &x 1\nb: *x\n', 'a'],
    ['a parent comes from a merge', 'x: &x {b: {c: 1, d: 2}}\na:\n  <<: *x\n', 'a.b.c'],
    ['no YAML', 'a: [1\n', 'a'],
    ['two documents', 'a: 1\n---\nb: 1\n', 'a'],
    ['nothing in it', '# only a comment\n', 'a'],
    ['a list at the top', '- a\n', 'a'],
  ])('refuses where %s', (_, text, path) => {
    expect(set(text, path, 2)).toMatch(/^refused: (the file|the YAML form|an edit) /);
  });
});
