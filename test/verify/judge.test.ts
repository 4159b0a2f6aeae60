/** The tables from answers to verdicts: what proves that a port is closed, and what proves nothing. */
import { describe, expect, it } from 'vitest';
import type { SettingRule, Want } from '../../src/playbook/schema.js';
import { judgeConfigz, judgeProxied, judgeReach } from '../../src/verify/api-server.js';
import type { CertificateSeen, ChainVerdict } from '../../src/verify/certificate.js';
import { unaskedChecks } from '../../src/verify/check.js';
import { type Expected, expectationsFor } from '../../src/verify/expectations.js';
import {
  hasCheckpointFlaw,
  judgeAnonymous,
  judgeCheckpoint,
  judgeHealth,
  judgeReadOnly,
} from '../../src/verify/judge.js';
import { judgePod } from '../../src/verify/judge-pod.js';
import {
  judgeChain,
  judgeDates,
  judgeName,
  judgePresence,
  judgeSuites,
  judgeUsage,
  judgeVersions,
} from '../../src/verify/judge-tls.js';
import { type PortReply, type Reply, addressesFromOutside, addressesOnNode } from '../../src/verify/ports.js';
import { suiteNamed } from '../../src/verify/suites.js';
import { judgeTokens } from '../../src/verify/tokens.js';

const replies: Readonly<Record<string, Reply>> = {
  refused: { kind: 'refused' },
  silence: { kind: 'filtered', reason: 'no answer within 3 s' },
  'no route': { kind: 'no-route', reason: 'ENETUNREACH' },
  broken: { kind: 'broken', reason: 'socket hang up' },
  unknown: { kind: 'unknown', reason: 'sshd forbids port forwarding' },
  'no certificate': { kind: 'no-certificate' },
};
/** Answers by word or status, one for each address; the first is not the loopback one. */
const seen = (words: string, name: PortReply['name'] = 'kubelet', path = '/pods'): PortReply[] =>
  words.split(',').map((word, at) => ({
    ...{ name, path, port: 10250, address: `192.0.2.${at + 1}` },
    reply: replies[word] ?? { kind: 'status', status: Number(word), body: '' },
  }));
const rule = (setting: string, want: Want): Expected => ({
  playbook: 'mine',
  rule: {
    kind: 'setting',
    id: 'one',
    title: 'One',
    severity: 'high',
    why: 'why',
    setting,
    want,
    skip: {},
    references: { cis: {}, stig: [], docs: [] },
  },
});

describe('ports', () => {
  it.each([
    ['401', true, 'pass'],
    ['401,401', true, 'pass'],
    ['403', true, 'fail'],
    ['403', false, 'pass'],
    ['401,403', true, 'fail'],
    ['200', false, 'fail'],
    ['401,200', true, 'fail'],
    ['404', true, 'fail'],
    ['401,refused', true, 'pass'],
    ['401,silence', true, 'pass'],
    ['401,broken', true, 'unknown'],
    ['401,unknown', true, 'unknown'],
    ['no certificate', true, 'unknown'],
    ['refused', true, 'unknown'],
    ['silence', true, 'unknown'],
    ['no route', true, 'unknown'],
  ])('a request without credentials answered %s (wanted off: %s): %s', (words, wantsOff, status) => {
    expect(judgeAnonymous(seen(words), wantsOff).status).toBe(status);
  });

  it.each([
    ['refused', 'pass'],
    ['refused,refused', 'pass'],
    ['refused,no route', 'pass'],
    ['refused,silence', 'unknown'],
    ['silence', 'unknown'],
    ['no route', 'unknown'],
    ['unknown', 'unknown'],
    ['refused,broken', 'unknown'],
    ['refused,200', 'fail'],
    ['404', 'fail'],
  ])('the read-only port answering %s: %s', (words, status) => {
    expect(judgeReadOnly(seen(words, 'read-only')).status).toBe(status);
  });

  it.each([
    ['refused', 'pass'],
    ['200', 'fail'],
    ['refused,silence', 'unknown'],
    ['no route', 'unknown'],
  ])('the health port answering %s on an address of the node: %s', (words, status) => {
    const local = {
      name: 'health',
      path: '/healthz',
      port: 10248,
      address: '127.0.0.1',
      reply: { kind: 'status', status: 200, body: 'ok' },
    } as const;
    expect(judgeHealth([local, ...seen(words, 'health')]).status).toBe(status);
    expect(judgeHealth([]).status).toBe('not-applicable');
  });

  it('none known is never a pass', () => {
    expect([judgeAnonymous([], true).status, judgeReadOnly([]).status]).toEqual(['unknown', 'unknown']);
  });

  it('asks other machines for no address that is its own or nobody’s', () => {
    const all = [
      '10.0.0.1',
      '::FFFF:10.0.0.1',
      '127.0.0.1',
      '::1',
      '0.0.0.0',
      '169.254.1.1',
      'fe80::1',
      '224.0.0.1',
      'ff02::1',
      '2001:DB8::1',
      'node1',
      '',
    ];
    expect(addressesFromOutside(all)).toEqual(['10.0.0.1', '2001:db8::1']);
    expect(addressesOnNode(['10.0.0.1', '169.254.1.1'])).toEqual(['127.0.0.1', '::1', '10.0.0.1']);
  });
});

describe('CVE-2025-0426', () => {
  it.each([
    ['v1.20.2', false],
    ['v1.24.17', false],
    ['v1.25.0', true],
    ['v1.28.15', true],
    ['v1.29.13', true],
    ['v1.29.14', false],
    ['v1.30.9+rke2r1', true],
    ['v1.30.10', false],
    ['v1.31.5', true],
    ['v1.31.6', false],
    ['v1.32.1', true],
    ['v1.32.2', false],
    ['v1.36.2', false],
    ['unknown', undefined],
  ])('%s: %s', (version, flawed) => {
    expect(hasCheckpointFlaw(version)).toBe(flawed);
  });

  const path = '/checkpoint/kubelatch/none/none';
  it.each([
    ['refused', undefined, 'v1.31.0', 'pass'],
    ['200', '405', 'v1.31.0', 'fail'],
    ['200', '405', undefined, 'fail'],
    ['200', '404', 'v1.31.0', 'pass'],
    ['200', '404', undefined, 'pass'],
    ['200', 'unknown', 'v1.31.0', 'fail'],
    ['200', 'unknown', undefined, 'unknown'],
    ['200', '405', 'v1.32.2', 'pass'],
    ['silence', 'silence', 'v1.31.0', 'unknown'],
  ])('read-only port %s, the path %s, version %s: %s', (port, answer, version, status) => {
    const asked = answer === undefined ? [] : seen(answer, 'read-only', path);
    expect(judgeCheckpoint([...seen(port, 'read-only'), ...asked], version).status).toBe(status);
  });

  it('a path that is served on 10250 alone is not exposed', () => {
    const reply = { kind: 'status', status: 405, body: 'Debug endpoints are disabled.\n' } as const;
    const [open] = seen('200', 'read-only');
    if (open === undefined) throw new Error();
    expect(judgeCheckpoint([open, { ...open, path, reply }], 'v1.31.0').status).toBe('pass');
  });
});

describe('TLS', () => {
  const versions = (words: string): Parameters<typeof judgeVersions>[0] => {
    const [a, b, c, d] = words
      .split(' ')
      .map((word) => (word === 'y' ? 'offered' : word === 'n' ? 'refused' : ({ unknown: 'reset' } as const)));
    return {
      versions: {
        TLSv1: a ?? 'refused',
        'TLSv1.1': b ?? 'refused',
        'TLSv1.2': c ?? 'refused',
        'TLSv1.3': d ?? 'refused',
      },
    };
  };
  it.each([
    ['n n y y', 'VersionTLS12', 'pass'],
    ['n n n y', 'VersionTLS12', 'pass'],
    ['n y y y', 'VersionTLS12', 'fail'],
    ['y n n y', 'VersionTLS12', 'fail'],
    ['? n y y', 'VersionTLS12', 'unknown'],
    ['n n y ?', 'VersionTLS12', 'pass'],
    ['n n y y', 'VersionTLS13', 'fail'],
    ['n n n n', 'VersionTLS12', 'unknown'],
  ])('offering %s where at least %s is wanted: %s', (words, version, status) => {
    expect(judgeVersions(versions(words), [rule('tlsMinVersion', { atLeast: version })]).status).toBe(status);
    expect(judgeVersions(versions(words), []).status).toBe('not-applicable');
  });

  const chacha = 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256';
  const strong = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256';
  it.each([
    [[strong], undefined, 'pass'],
    [[strong, chacha], undefined, 'pass'],
    [[strong, 'TLS_RSA_WITH_AES_128_CBC_SHA'], undefined, 'fail'],
    [['TLS_RSA_WITH_3DES_EDE_CBC_SHA'], 'broke off', 'fail'],
    [[strong], 'broke off', 'unknown'],
    [[], undefined, 'pass'],
  ])('suites %j (incomplete: %s): %s', (names, incomplete, status) => {
    const suites = names.flatMap((name) => suiteNamed(name) ?? []);
    const want = rule('tlsCipherSuites', {
      subsetOf: [strong, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305', 'TLS_AES_128_GCM_SHA256'],
    });
    expect(judgeSuites({ suites, incomplete, ...versions('n n y y') }, [want]).status).toBe(status);
    expect(judgeSuites({ suites, incomplete, ...versions('n n y y') }, []).status).toBe('not-applicable');
  });

  const certificate = (over: Partial<CertificateSeen> = {}): CertificateSeen => ({
    ...{
      commonName: 'system:node:n1',
      issuer: 'kubernetes',
      names: 'IP Address:192.0.2.1',
      keyType: 'EC P-256',
      sha256: 'ab',
    },
    ...{
      notBefore: Date.parse('2026-01-01'),
      notAfter: Date.parse('2027-01-01'),
      usages: ['1.3.6.1.5.5.7.3.1'],
      chain: 'trusted',
    },
    isFor: (address) => address === '192.0.2.1',
    ...over,
  });
  it.each([
    ['trusted', true, 'pass'],
    ['trusted', false, 'pass'],
    ['self-signed', true, 'fail'],
    ['self-signed', false, 'not-applicable'],
    ['unknown-ca', true, 'fail'],
    ['no-ca', true, 'unknown'],
    ['expired', true, 'fail'],
    [{ code: 'CERT_SIGNATURE_FAILURE' }, true, 'fail'],
  ] as readonly (readonly [ChainVerdict, boolean, string])[])(
    'a chain that is %j (wanted: %s): %s',
    (chain, wanted, status) => {
      expect(judgeChain(certificate({ chain }), wanted).status).toBe(status);
    },
  );

  it('names, dates and usages', () => {
    expect(judgeName(certificate(), '192.0.2.1', true)).toMatchObject({ status: 'pass', note: undefined });
    const byProduct = judgeName(certificate({ commonName: 'n1' }), '192.0.2.1', true);
    expect(byProduct.status).toBe('pass');
    expect(byProduct.note).toMatch(/^its CN is n1 and not system:node:NODE, .*--enable-kubelet-cert-cn-validation/);
    expect(judgeName(certificate(), '192.0.2.2', true)).toMatchObject({
      status: 'fail',
      note: '192.0.2.2 is not among them',
    });
    expect(judgeName(certificate(), '192.0.2.2', false).status).toBe('not-applicable');
    const at = (day: string) => judgeDates(certificate(), Date.parse(day)).status;
    expect([at('2025-12-31'), at('2026-06-01'), at('2027-01-02')]).toEqual(['fail', 'pass', 'fail']);
    expect(judgeDates(certificate(), Date.parse('2026-12-20')).note).toBe('12 days are left');
    expect(judgeDates(certificate({ notAfter: NaN }), 0).status).toBe('unknown');
    const usage = (...usages: string[]) => judgeUsage(certificate({ usages })).status;
    expect([
      usage('1.3.6.1.5.5.7.3.1'),
      usage('1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'),
      usage('1.3.6.1.5.5.7.3.2'),
    ]).toEqual(['pass', 'fail', 'fail']);
    expect(judgeUsage(certificate({ usages: undefined })).status).toBe('pass');
  });

  it('alert 80 is a kubelet without a certificate', () => {
    expect(judgePresence({ kind: 'alert', alert: 80 })).toMatchObject({ status: 'fail', seen: 'TLS alert 80' });
    expect(judgePresence({ kind: 'alert', alert: 40 }).status).toBe('unknown');
    expect(judgePresence({ kind: 'failed', reason: 'no answer in time' }).status).toBe('unknown');
  });
});

describe('tokens', () => {
  it.each([
    ['403', '200', false, 'pass', 'pass'],
    ['200', '200', false, 'fail', 'unknown'],
    ['401', '401', false, 'unknown', 'fail'],
    ['403', '403', false, 'pass', 'fail'],
    ['403', '404', false, 'pass', 'pass'],
    ['500', '500', false, 'unknown', 'unknown'],
    ['silence', 'no certificate', false, 'unknown', 'unknown'],
    ['200', '200', true, 'fail', 'unknown'],
  ])('without a right %s, with one %s (everybody has it: %s): %s, %s', (without, withRight, everybody, ...wanted) => {
    const reply = (word: string): Reply => seen(word)[0]?.reply ?? { kind: 'refused' };
    const checks = judgeTokens({ from: 'node' }, 'x', {
      without: reply(without),
      withRight: reply(withRight),
      everybody,
    });
    expect(checks.map(({ status }) => status)).toEqual(wanted);
    if (everybody) expect(checks[0]?.note).toContain('RBAC gives');
  });
});

describe('a pod', () => {
  const judged = (kubelet: string, readOnly: string, control: string) =>
    judgePod(
      'n1',
      {
        replies: [...seen(kubelet), ...seen(readOnly, 'read-only'), ...seen('refused', 'health')],
        control: seen(control)[0]?.reply ?? { kind: 'refused' },
      },
      [rule('authentication.anonymous.enabled', { equals: false })],
    );
  const statuses = (...said: Parameters<typeof judged>): string[] => judged(...said).map(({ status }) => status);
  it.each([
    ['401', 'refused', '403', ['pass', 'pass', 'pass']],
    ['200', '200', '403', ['fail', 'fail', 'pass']],
    ['silence', 'silence', '401', ['pass', 'pass', 'pass']],
    ['403', 'refused', '401', ['fail', 'pass', 'pass']],
    ['silence', 'silence', 'silence', ['unknown', 'unknown', 'unknown']],
    ['unknown', 'unknown', '401', ['unknown', 'unknown', 'pass']],
  ])('is answered %s, %s, and by the API server %s', (kubelet, readOnly, control, wanted) => {
    expect(statuses(kubelet, readOnly, control)).toEqual(wanted);
  });

  it.each([
    ['silence', 'the pod does not reach the API server either (no answer), so it has no network to test with'],
    ['broken', 'the pod gets no HTTPS answer from the API server: its image needs curl, or a wget with TLS and -T'],
    ['unknown', 'sshd forbids port forwarding'],
  ])('that the API server answers with %s has a note that says why', (control, note) => {
    const [check] = judged('401', 'refused', control);
    expect(check).toMatchObject({ status: 'unknown', note });
  });
});

describe('the API server', () => {
  const failed = (status: number | undefined, message: string) =>
    ({ ok: false, error: { kind: 'refused', status, message } }) as const;
  const done = { ok: true, value: 'ok' } as const;
  it('reaches the kubelet, or not, or may not be asked', () => {
    const all = [done, failed(503, 'tls: internal error'), failed(403, 'forbidden'), failed(undefined, 'no answer')];
    expect(all.map((one) => judgeReach(one).status)).toEqual(['pass', 'fail', 'unknown', 'unknown']);
  });

  it('gets nothing from a closed port', () => {
    const refused = failed(503, 'dial tcp 192.0.2.1:10255: connect: connection refused');
    expect(judgeProxied([refused]).status).toBe('pass');
    expect(judgeProxied([refused, done]).status).toBe('fail');
    expect(judgeProxied([failed(403, 'forbidden')]).status).toBe('unknown');
    expect(judgeProxied([failed(503, 'i/o timeout')]).status).toBe('unknown');
    expect(judgeProxied([]).status).toBe('unknown');
  });

  it('shows the running configuration, setting by setting', () => {
    const expected = [
      rule('authorization.mode', { equals: 'Webhook' }),
      rule('readOnlyPort', { equals: 0 }),
      rule('flags.foo', { equals: '1' }),
    ];
    const configz = { ok: true, value: { authorization: { mode: 'AlwaysAllow' } } } as const;
    expect(judgeConfigz(configz, expected).map(({ setting, status, seen: what }) => [setting, status, what])).toEqual([
      ['authorization.mode', 'fail', '"AlwaysAllow"'],
      ['readOnlyPort', 'pass', '0'],
    ]);
    expect(judgeConfigz(failed(403, 'forbidden'), expected).map(({ status }) => status)).toEqual([
      'unknown',
      'unknown',
    ]);
  });
});

it('what the playbooks want of one kubelet', () => {
  const one = rule('readOnlyPort', { equals: 0 }).rule;
  const rules: SettingRule[] = [
    one,
    { ...one, id: 'k3s', setting: 'maxPods', skip: { k3s: 'no' } },
    { ...one, setting: 'podPidsLimit', versions: '>=1.30' },
  ];
  const book = { source: 'x', name: 'mine', title: '', description: '', rules };
  const settings = (distro: string, kubeletVersion: string | undefined) =>
    expectationsFor([book, { ...book, name: 'other' }], { distro, kubeletVersion }).map(
      ({ rule: { setting } }) => setting,
    );
  expect(settings('kubeadm', 'v1.31.0')).toEqual(['readOnlyPort', 'maxPods', 'podPidsLimit']);
  expect(settings('k3s', undefined)).toEqual(['readOnlyPort']);
});

it('what could not be asked is unknown, with the reason', () => {
  const [check] = unaskedChecks(['tls-suites'], { from: 'peer', via: 'n2' }, 'no other host was selected');
  expect(check).toMatchObject({ status: 'unknown', from: 'peer', via: 'n2', note: 'no other host was selected' });
});
