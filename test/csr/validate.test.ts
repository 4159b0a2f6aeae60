/** A valid request passes; each of the twenty forgeries is refused with its own reason; no mutation of a valid one passes. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CheckName, checkNumbers } from '../../src/csr/judgement.js';
import { derOfPem, pemOfDer } from '../../src/csr/request.js';
import { readRequest } from '../../src/csr/serving-request.js';
import { clusterOf, host, hosts, judge, nodeObject, reading } from './known.js';
import {
  type Filed,
  type Keys,
  alternativeNames,
  dns,
  element,
  extension,
  filed,
  ip,
  newKeys,
  oid,
  requestDer,
  sanOf,
  sequence,
  subjectOf,
} from './make-request.js';

const keys = newKeys();
const pemOf = (
  subject = subjectOf('n1'),
  san = sanOf(['n1', '192.0.2.11']),
  more: readonly Buffer[] = [],
  own: Keys = keys,
): string => pemOfDer(requestDer({ keys: own, subject, extensions: [san, ...more] }));
const named = (...names: readonly string[]): Filed => ({ pem: pemOf(subjectOf('n1'), sanOf(names)) });
const valid = pemOf();
const der = (): Buffer => {
  const read = derOfPem(valid);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};

/** What the checks say, without repetition. */
const checksOf = (object: object, ...more: [Parameters<typeof judge>[1]?, Parameters<typeof judge>[2]?]): string[] => {
  const { verdict, reasons } = judge(object, ...more);
  expect(verdict).toBe(reasons.length === 0 ? 'valid' : 'refused');
  return [...new Set(reasons.map(({ check }) => check))];
};

describe('a valid request', () => {
  it.each<[string, Filed]>([
    ['of a kubelet since 1.27', {}],
    ['of an older one, with key encipherment', { usages: ['digital signature', 'key encipherment', 'server auth'] }],
    ['with a lifetime of a day', { expirationSeconds: 86_400 }],
    [
      'with a key of RSA-2048',
      { pem: pemOf(subjectOf('n1'), undefined, [], generateKeyPairSync('rsa', { modulusLength: 2048 })) },
    ],
    ['with an Ed25519 key', { pem: pemOf(subjectOf('n1'), undefined, [], generateKeyPairSync('ed25519')) }],
    ['without a line feed at its end', { pem: valid.trimEnd() }],
  ])('%s passes', (_name, one) => {
    expect(judge(filed(one))).toEqual({ verdict: 'valid', reasons: [] });
  });

  it('of a control-plane node has the address of the API server', () => {
    const pem = pemOf(subjectOf('cp1'), sanOf(['cp1', '192.0.2.10']));
    expect(checksOf(filed({ username: 'system:node:cp1', pem }))).toEqual([]);
  });

  it('of a dual-stack node whose cloud gives it more names passes', () => {
    const cluster = clusterOf([
      nodeObject(
        'n1',
        [
          ['InternalIP', '192.0.2.11'],
          ['InternalIP', '2001:db8::11'],
          ['ExternalIP', '198.51.100.7'],
          ['InternalDNS', 'n1.internal'],
          ['Hostname', 'n1'],
        ],
        { providerID: 'cloud://n1' },
      ),
    ]);
    const one = filed(named('n1', 'n1.internal', '192.0.2.11', '198.51.100.7', '2001:db8::11'));
    expect(checksOf(one, cluster)).toEqual([]);
    expect(checksOf(filed(named('n1', '192.0.2.11')), cluster)).toEqual(['incomplete']);
  });
});

const uri = element(0x86, 'spiffe://x');
const email = element(0x81, 'a@b');
const other = element(0xa0, oid('1.2.3'), element(0xa0, element(0x0c, 'x')));
const caTrue = extension('2.5.29.19', sequence(element(0x01, Buffer.of(0xff))), true);
const pemBlock = valid;

/** By number in the facts about forgeries: each way, and the check that has to refuse it. */
const forgeries: readonly (readonly [number, string, Filed, CheckName, CheckName?])[] = [
  [
    1,
    'signer of client certificates of kubelets',
    { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' },
    'signer',
  ],
  [1, 'a signer of somebody else', { signerName: 'example.com/kubelet-serving' }, 'signer'],
  [2, 'an administrator', { username: 'kubernetes-admin' }, 'username', 'common-name'],
  [2, 'a ServiceAccount', { username: 'system:serviceaccount:x:y' }, 'username', 'common-name'],
  [2, 'a bootstrap token', { username: 'system:bootstrap:abcdef' }, 'username', 'common-name'],
  [3, 'the common name of another node', { pem: pemOf(subjectOf('n2')) }, 'common-name'],
  [3, 'two common names', { pem: pemOf([...subjectOf('n1'), ['CN', 'system:node:n2']]) }, 'common-name'],
  [4, 'no group of nodes', { groups: ['system:authenticated'] }, 'groups'],
  [4, 'not authenticated', { groups: ['system:nodes'] }, 'groups'],
  [
    5,
    'two organizations',
    {
      pem: pemOf([
        ['O', 'system:nodes'],
        ['O', 'system:masters'],
        ['CN', 'system:node:n1'],
      ]),
    },
    'organization',
  ],
  [5, 'no organization', { pem: pemOf([['CN', 'system:node:n1']]) }, 'organization'],
  [
    5,
    'reordered organizations',
    {
      pem: pemOf([
        ['O', 'system:masters'],
        ['O', 'system:nodes'],
        ['CN', 'system:node:n1'],
      ]),
    },
    'organization',
  ],
  [5, 'a serial number in the subject', { pem: pemOf([...subjectOf('n1'), ['2.5.4.5', '1']]) }, 'organization'],
  [6, 'usage client auth', { usages: ['digital signature', 'server auth', 'client auth'] }, 'usage-foreign'],
  [6, 'usage cert sign', { usages: ['digital signature', 'server auth', 'cert sign'] }, 'usage-foreign'],
  [6, 'usage any', { usages: ['digital signature', 'server auth', 'any'] }, 'usage-foreign'],
  [7, 'no server auth', { usages: ['digital signature', 'key encipherment'] }, 'usage-missing'],
  [7, 'no digital signature', { usages: ['server auth'] }, 'usage-missing'],
  [8, 'an address of another node', named('n1', '192.0.2.11', '192.0.2.12'), 'address-foreign'],
  [8, 'the address of the API server', named('n1', '192.0.2.11', '192.0.2.10'), 'address-foreign'],
  [8, 'the address of a Service', named('n1', '192.0.2.11', '10.96.0.1'), 'address-foreign'],
  [9, 'a foreign address and no name', named('192.0.2.12'), 'addresses-only', 'address-foreign'],
  [10, 'the name of another node', named('n1', 'n2', '192.0.2.11'), 'name-foreign'],
  [10, 'a longer name that begins alike', named('n1', 'n10', '192.0.2.11'), 'name-foreign'],
  [10, 'a foreign suffix', named('n1', 'n1.evil.example', '192.0.2.11'), 'name-foreign'],
  [11, 'the name of the API server', named('n1', 'kubernetes.default.svc', '192.0.2.11'), 'name-reserved'],
  [11, 'localhost', named('n1', 'localhost', '192.0.2.11'), 'name-reserved'],
  [11, 'a wildcard', named('n1', '*.example', '192.0.2.11'), 'name-reserved'],
  [12, 'loopback', named('n1', '192.0.2.11', '127.0.0.1'), 'address-special'],
  [12, 'unspecified', named('n1', '192.0.2.11', '::'), 'address-special'],
  [12, 'link-local', named('n1', '192.0.2.11', 'fe80::1'), 'address-special'],
  [12, 'cloud metadata', named('n1', '192.0.2.11', '169.254.169.254'), 'address-special'],
  [12, 'multicast', named('n1', '192.0.2.11', 'ff02::1'), 'address-special'],
  [12, 'an address of IPv4 inside one of IPv6', named('n1', '192.0.2.11', '::ffff:c000:20b'), 'address-special'],
  [
    13,
    'an address as a name',
    { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), dns('192.0.2.11'), ip('192.0.2.11'))) },
    'name-form',
  ],
  [
    13,
    'a dot at the end',
    { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), dns('n1.'), ip('192.0.2.11'))) },
    'name-form',
  ],
  [13, 'upper case', named('n1', 'N1', '192.0.2.11'), 'name-form'],
  [13, 'an internationalized name', named('n1', 'xn--n1-xyz', '192.0.2.11'), 'name-form'],
  [
    13,
    'a NUL',
    { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), dns('n1\0.example'), ip('192.0.2.11'))) },
    'name-form',
  ],
  [
    14,
    'an e-mail address',
    { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), ip('192.0.2.11'), email)) },
    'extension',
  ],
  [14, 'a URI', { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), ip('192.0.2.11'), uri)) }, 'extension'],
  [
    14,
    'an otherName',
    { pem: pemOf(subjectOf('n1'), alternativeNames(dns('n1'), ip('192.0.2.11'), other)) },
    'extension',
  ],
  [14, 'a CA', { pem: pemOf(subjectOf('n1'), undefined, [caTrue]) }, 'extension'],
  [
    14,
    'an unknown critical extension',
    { pem: pemOf(subjectOf('n1'), undefined, [extension('1.2.3.4', element(0x05), true)]) },
    'extension',
  ],
  [
    14,
    'an attribute',
    {
      pem: pemOfDer(
        requestDer({
          keys,
          subject: subjectOf('n1'),
          extensions: [sanOf(['n1', '192.0.2.11'])],
          attributes: [sequence(oid('1.2.840.113549.1.9.7'), element(0x31, element(0x0c, 'x')))],
        }),
      ),
    },
    'extension',
  ],
  [15, 'two PEM blocks', { pem: pemBlock + pemOf(subjectOf('n2')) }, 'encoding'],
  [15, 'a header', { pem: pemBlock.replace('-----\n', '-----\nProc-Type: 4\n\n') }, 'encoding'],
  [15, 'text before it', { pem: `x\n${pemBlock}` }, 'encoding'],
  [15, 'text behind it', { pem: `${pemBlock}x` }, 'encoding'],
  [15, 'blanks behind it', { pem: `${pemBlock}  \n` }, 'encoding'],
  [15, 'a PEM block of a certificate', { pem: pemBlock.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE') }, 'encoding'],
  [15, 'an old label', { pem: pemBlock.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST') }, 'encoding'],
  [15, 'bytes behind the DER', { pem: pemOfDer(Buffer.concat([der(), Buffer.of(0)])) }, 'encoding'],
  [15, 'no alternative names', { pem: pemOfDer(requestDer({ keys, subject: subjectOf('n1') })) }, 'encoding'],
  [15, 'an extension twice', { pem: pemOf(subjectOf('n1'), undefined, [sanOf(['n2'])]) }, 'encoding'],
  [15, 'the signature of another key', { pem: pemOfDer(sequence(...swapped())) }, 'encoding'],
  [
    16,
    'a node that does not exist',
    { username: 'system:node:n9', pem: pemOf(subjectOf('n9'), sanOf(['n9'])) },
    'node',
  ],
  [16, 'older than its Node', { createdAt: '2025-12-31T23:59:59Z' }, 'node'],
  [16, 'older than the restart', { createdAt: '2026-11-29T11:50:00Z' }, 'node'],
  [
    17,
    'a key of RSA-1024',
    { pem: pemOf(subjectOf('n1'), undefined, [], generateKeyPairSync('rsa', { modulusLength: 1024 })) },
    'key',
  ],
  [
    17,
    'a key on P-224',
    { pem: pemOf(subjectOf('n1'), undefined, [], generateKeyPairSync('ec', { namedCurve: 'secp224r1' })) },
    'key',
  ],
  [18, 'ten years', { expirationSeconds: 315_360_000 }, 'lifetime'],
  [18, 'a lifetime that is no number', { expirationSeconds: '600' }, 'lifetime'],
  [19, 'approved already', { status: { conditions: [{ type: 'Approved', status: 'True' }] } }, 'decided'],
  [19, 'denied already', { status: { conditions: [{ type: 'Denied', status: 'True' }] } }, 'decided'],
  [19, 'failed', { status: { conditions: [{ type: 'Failed', status: 'True' }] } }, 'decided'],
  [19, 'issued', { status: { certificate: 'eA==' } }, 'decided'],
];

/** A request whose signature was made with another key. */
function swapped(): Buffer[] {
  const [own, foreign] = [der(), requestDer({ subject: subjectOf('n1'), extensions: [sanOf(['n1', '192.0.2.11'])] })];
  const partsOf = (bytes: Buffer): Buffer[] => {
    const parts: Buffer[] = [];
    let at = (bytes[1] ?? 0) < 128 ? 2 : 2 + ((bytes[1] ?? 0) & 127);
    while (at < bytes.length) {
      const long = (bytes[at + 1] ?? 0) >= 128 ? (bytes[at + 1] ?? 0) & 127 : 0;
      const length = long === 0 ? (bytes[at + 1] ?? 0) : bytes.readUIntBE(at + 2, long);
      parts.push(bytes.subarray(at, at + 2 + long + length));
      at += 2 + long + length;
    }
    return parts;
  };
  return [...partsOf(own).slice(0, 2), ...partsOf(foreign).slice(2)];
}

describe('a forgery', () => {
  it.each(forgeries.map((one) => ({ title: `${one[0]}: ${one[1]}`, one })))(
    '$title is refused',
    ({ one: [number, , file, check, also] }) => {
      const found = checksOf(filed(file));
      const rest = found.filter((name) => name !== check && name !== also);
      expect(found).toContain(check);
      expect(checkNumbers[check]).toBe(number);
      // What stands elsewhere is foreign as well; nothing else is wrong with it.
      expect(rest.filter((name) => !['incomplete', 'name-foreign', 'address-foreign'].includes(name))).toEqual([]);
    },
  );

  it('20: the node is addressed, and not in the inventory', () => {
    const cluster = clusterOf(undefined, { hosts: hosts.filter(({ name }) => name !== 'n1') });
    expect(checksOf(filed(), cluster)).toEqual(['inventory']);
    expect(checksOf(filed(), clusterOf(), () => reading('n2'))).toEqual(['inventory']);
    const moved = clusterOf(undefined, { hosts: [host('n1', '203.0.113.5')] });
    expect(checksOf(filed(), moved)).toEqual(['inventory']);
    const pinned = clusterOf(undefined, { hosts: [host('a', '203.0.113.5', { nodeName: 'n1' })] });
    expect(checksOf(filed(), pinned, () => reading('n1'))).toEqual([]);
  });

  it('17: another node, or the node’s client certificate, has the same key', () => {
    const digest = digestOf(valid);
    for (const [username, signerName] of [
      ['system:node:n2', 'kubernetes.io/kubelet-serving'],
      ['system:node:n1', 'kubernetes.io/kube-apiserver-client-kubelet'],
    ] as const) {
      const cluster = clusterOf(undefined, {
        keys: new Map([[digest, [{ username, signerName, request: 'csr-x', createdAt: 0, issued: false }]]]),
      });
      expect(checksOf(filed({ pem: valid }), cluster)).toEqual(['key']);
    }
  });

  it('a copy that somebody files later does not hold a request up', () => {
    const later = { username: 'system:node:n2', signerName: 'kubernetes.io/kubelet-serving', request: 'csr-x' };
    const use = (createdAt: number, issued: boolean) => new Map([[digestOf(valid), [{ ...later, createdAt, issued }]]]);
    expect(checksOf(filed({ pem: valid }), clusterOf(undefined, { keys: use(9e15, false) }))).toEqual([]);
    expect(checksOf(filed({ pem: valid }), clusterOf(undefined, { keys: use(9e15, true) }))).toEqual(['key']);
  });

  it('nor does another Node or a Service that claims the address of the inventory', () => {
    const thief = nodeObject('n2', [
      ['InternalIP', '192.0.2.12'],
      ['InternalIP', '192.0.2.11'],
    ]);
    const own = nodeObject('n1', [
      ['InternalIP', '192.0.2.11'],
      ['Hostname', 'n1'],
    ]);
    const taken = new Map([['192.0.2.11', 'Service x/y']]);
    expect(checksOf(filed(), clusterOf([own, thief], { taken }))).toEqual([]);
  });

  it('every number from 1 to 20 has a check', () => {
    const numbers = new Set([17, 20, ...forgeries.map(([number]) => number)]);
    expect([...numbers].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('of a Node whose kubelet wrote what it likes into its Node is refused', () => {
    const rogue = (...addresses: readonly (readonly [string, string])[]) =>
      clusterOf([
        nodeObject('n1', [['InternalIP', '192.0.2.11'], ['Hostname', 'n1'], ...addresses]),
        nodeObject('n2', [['InternalIP', '192.0.2.12']]),
      ]);
    expect(checksOf(filed(named('n1', '192.0.2.11', '192.0.2.12')), rogue(['InternalIP', '192.0.2.12']))).toEqual([
      'address-foreign',
    ]);
    expect(checksOf(filed(named('n1', '192.0.2.11', '192.0.2.100')), rogue(['ExternalIP', '192.0.2.100']))).toEqual([
      'address-foreign',
    ]);
    expect(checksOf(filed(named('n1', '192.0.2.11', '192.0.2.10')), rogue(['InternalIP', '192.0.2.10']))).toEqual([
      'address-foreign',
    ]);
    expect(checksOf(filed(named('n1', 'api.example', '192.0.2.11')), rogue(['InternalDNS', 'api.example']))).toEqual([
      'name-foreign',
    ]);
    expect(checksOf(filed(named('n1', 'localhost', '192.0.2.11')), rogue(['Hostname', 'localhost']))).toEqual([
      'name-foreign',
      'name-reserved',
    ]);
    const strange = filed(named('n1', '192.0.2.11', '192.0.2.77'));
    const other = (name: string) => reading(name, { addresses: ['192.0.2.11', '127.0.0.1'] });
    expect(checksOf(strange, rogue(['InternalIP', '192.0.2.77']), other)).toEqual(['address-foreign']);
  });
});

const digestOf = (pem: string): string => {
  const read = readRequest(filed({ pem })).decoded;
  if (!read.ok) throw new Error(read.error);
  return read.value.key.digest;
};

describe('what cannot be checked', () => {
  it('is unknown, and not valid', () => {
    expect(judge(filed(), clusterOf(), () => 'connection refused')).toMatchObject({
      verdict: 'unknown',
      reasons: [{ check: 'node' }],
    });
    const still = judge(filed(), clusterOf(), (name) => reading(name, { kubeletStartedAt: undefined }));
    expect(still.verdict).toBe('unknown');
  });

  it('does not hide what is wrong', () => {
    expect(judge(filed({ groups: [] }), clusterOf(), () => 'connection refused').verdict).toBe('refused');
  });
});

describe('mutations', () => {
  it('of one byte of a valid request never pass', () => {
    const bytes = der();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(judge(filed({ pem: pemOfDer(changed) })).verdict).toBe('refused');
      }),
      { numRuns: 200 },
    );
  });

  it('of its text never pass', () => {
    fc.assert(
      fc.property(fc.nat(valid.length), fc.string({ minLength: 1, maxLength: 4 }), (at, text) => {
        const pem = valid.slice(0, at) + text + valid.slice(at);
        fc.pre(pem !== valid);
        expect(judge(filed({ pem })).verdict).toBe('refused');
      }),
      { numRuns: 150 },
    );
  });

  it('of its names never pass, whoever they belong to', () => {
    const name = fc.oneof(
      fc.constantFrom('n1', 'n2', 'cp1', 'n1.x', 'localhost', '*'),
      fc.domain(),
      fc.ipV4(),
      fc.constantFrom('192.0.2.11', '192.0.2.12', '::1', '2001:db8::1'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 4 }), (names) => {
        const isRight = names.length === 2 && names.includes('n1') && names.includes('192.0.2.11');
        expect(judge(filed(named(...names))).verdict).toBe(isRight ? 'valid' : 'refused');
      }),
      { numRuns: 200 },
    );
  });

  it('never throw, whatever the API server holds', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (spec, status) => {
        expect(judge({ ...filed(), spec, status }).verdict).toBe('refused');
      }),
      { numRuns: 150 },
    );
  });
});
