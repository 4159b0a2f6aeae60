import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Want } from '../../src/playbook/schema.js';
import { meetsWant, rankOf, settingMeets, wantText } from '../../src/playbook/want.js';

describe('meetsWant', () => {
  it.each<[Want, readonly unknown[], readonly unknown[]]>([
    [{ equals: false }, [false], [true, 'false', undefined, 0]],
    [{ equals: '4h' }, ['4h', '4h0m0s', '240m'], ['4h1s', 4, '']],
    [{ equals: { a: [1] } }, [{ a: [1] }], [{ a: [2] }, { a: [1], b: 1 }]],
    [{ oneOf: [null, true] }, [undefined, null, true], [false, 'true']],
    [{ oneOf: ['Webhook'] }, ['Webhook'], ['AlwaysAllow', 'webhook']],
    [{ atLeast: 1 }, [1, 4096], [0, -1, '5', undefined, null, Number.NaN]],
    [{ atLeast: '5m' }, ['5m', '1h', '5m0s'], ['299s', '0', '0s', 600, '5 m', '-6m']],
    [{ atMost: '2m' }, ['2m0s', '30s', '0s', '1.5m'], ['2m0.001s', 'long']],
    [{ atLeast: 'VersionTLS12' }, ['', 'VersionTLS12', 'VersionTLS13'], ['VersionTLS11', 'VersionTLS10', 'TLS1.3', 12]],
    [{ subsetOf: ['A', 'B'] }, [['A'], ['B', 'A']], [[], ['A', 'C'], 'A', undefined]],
    [{ set: true }, ['x', 0, false, ['a'], { a: 1 }], ['', null, undefined, [], {}]],
    [{ absent: true }, ['', null, undefined, [], {}], ['x', 0, false, ['a']]],
  ])('%j', (want, met, unmet) => {
    for (const value of met) expect(meetsWant(want, value), JSON.stringify(value)).toBe(true);
    for (const value of unmet) expect(meetsWant(want, value), JSON.stringify(value)).toBe(false);
  });

  it('is at least or at most everything that can be compared, and both for the bound itself', () => {
    const duration = fc.tuple(fc.nat(100), fc.nat(59), fc.nat(59)).map(([h, m, s]) => `${h}h${m}m${s}s`);
    for (const value of [fc.integer(), duration]) {
      fc.assert(
        fc.property(value, value, (a, b) => {
          const [least, most] = [meetsWant({ atLeast: b }, a), meetsWant({ atMost: b }, a)];
          expect(least || most).toBe(true);
          expect(least && most).toBe(rankOf(a)?.rank === rankOf(b)?.rank);
          expect(least).toBe(meetsWant({ atMost: a }, b));
        }),
      );
    }
  });
});

describe('settingMeets', () => {
  const [good, other] = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'];
  const weak = 'TLS_RSA_WITH_AES_128_CBC_SHA';
  const tls13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

  it.each<[Want, readonly string[], boolean]>([
    [{ subsetOf: [good, other] }, [good, ...tls13], true],
    [{ subsetOf: [good, other] }, [...tls13, other, good], true],
    // They stand for nothing: neither a weak suite nor a list without any other is made good by them.
    [{ subsetOf: [good, other] }, [good, weak, ...tls13], false],
    [{ subsetOf: [good, other] }, tls13, false],
    [{ subsetOf: [good, ...tls13] }, tls13, false],
    [{ subsetOf: [good] }, ['TLS_AES_128_CCM_SHA256', good], false],
    [{ equals: [good] }, [good, ...tls13], true],
    [{ equals: [good, ...tls13] }, [good], true],
    [{ equals: [good] }, tls13, false],
    [{ oneOf: [null, [good, tls13[0] ?? '']] }, [good], true],
    [{ set: true }, tls13, false],
    [{ set: true }, [good], true],
    [{ absent: true }, tls13, false],
    [{ absent: true }, [], true],
  ])('of tlsCipherSuites: %j, %j: %s', (want, value, meets) => {
    expect(settingMeets('tlsCipherSuites', want, value)).toBe(meets);
  });

  it('leaves every other setting as it is', () => {
    const want: Want = { subsetOf: tls13 };
    expect(settingMeets('allowedUnsafeSysctls', want, tls13)).toBe(true);
    expect(settingMeets('tlsCipherSuites', { equals: 'x' }, 'x')).toBe(true);
  });
});

describe('wantText', () => {
  it.each<[Want, string]>([
    [{ equals: false }, 'false'],
    [{ oneOf: [null, 'Webhook'] }, 'one of not set, "Webhook"'],
    [{ atLeast: '5m' }, 'at least 5m'],
    [{ atMost: 3 }, 'at most 3'],
    [{ subsetOf: ['A', 'B'] }, 'only A, B'],
    [{ set: true }, 'set'],
    [{ absent: true }, 'not set'],
  ])('%j', (want, text) => {
    expect(wantText(want)).toBe(text);
  });
});
