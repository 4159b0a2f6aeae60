/** What servers really offer is what is found: versions, suites by type of key, certificates, and servers that are none. */
import { connect } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { tlsOffer } from '../../src/verify/tls-offer.js';
import { listen, makePair, serveBytes, serveTls, targetAt } from './tls-servers.js';

const rsa = makePair('rsa', 'rsa');
const ec = makePair('ec', 'ec');
const names = (offer: Awaited<ReturnType<typeof tlsOffer>>): string[] => offer.suites.map(({ name }) => name).sort();

describe('versions', () => {
  it.each([
    ['TLSv1', 'TLSv1.3', ['offered', 'offered', 'offered', 'offered']],
    ['TLSv1.1', 'TLSv1.2', ['refused', 'offered', 'offered', 'refused']],
    ['TLSv1.2', 'TLSv1.3', ['refused', 'refused', 'offered', 'offered']],
    ['TLSv1.3', 'TLSv1.3', ['refused', 'refused', 'refused', 'offered']],
  ] as const)('from %s to %s', async (minVersion, maxVersion, wanted) => {
    const port = await serveTls({ ...rsa, minVersion, maxVersion, ciphers: 'DEFAULT:@SECLEVEL=0' });
    const { versions } = await tlsOffer(targetAt(port));
    expect(Object.values(versions)).toEqual(wanted);
  });
});

describe('suites', () => {
  it.each([
    [
      'RSA',
      rsa,
      'ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA',
      ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_256_CBC_SHA'],
    ],
    ['ECDSA', ec, 'ECDHE-ECDSA-CHACHA20-POLY1305:AES256-SHA', ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256']],
  ] as const)('of a server with an %s key', async (_, pair, ciphers, wanted) => {
    const port = await serveTls({ ...pair, ciphers, minVersion: 'TLSv1.2' });
    const offer = await tlsOffer(targetAt(port));
    expect({ names: names(offer), incomplete: offer.incomplete }).toEqual({ names: wanted, incomplete: undefined });
  });

  it('none of a server with TLS 1.3 alone, or with a list for the other type of key', async () => {
    const only13 = await tlsOffer(targetAt(await serveTls({ ...ec, minVersion: 'TLSv1.3' })));
    expect({ names: names(only13), incomplete: only13.incomplete }).toEqual({ names: [], incomplete: undefined });
    const port = await serveTls({ ...ec, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' });
    const offer = await tlsOffer(targetAt(port));
    expect(offer.first).toEqual({ kind: 'alert', alert: 40 });
    expect({ names: names(offer), incomplete: offer.incomplete }).toEqual({ names: [], incomplete: undefined });
  });

  it('3DES and RC4, which OpenSSL does not speak, by the raw hello', async () => {
    const inner = await serveTls({ ...rsa, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' });
    const chosen = [0x0005, 0x000a];
    // A hello that offers nothing but old suites is answered here; all others by the server behind.
    const front = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (first) => {
        const count = first[43] === 0 ? (first.readUInt16BE(44) - 2) / 2 : 0;
        const offered = Array.from({ length: count }, (_, at) => first.readUInt16BE(46 + 2 * at));
        const isRaw = count > 0 && offered.every((id) => [0xc012, 0x000a, 0xc007, 0xc011, 0x0005].includes(id));
        const suite = isRaw ? chosen.find((id) => offered.includes(id)) : undefined;
        if (isRaw) {
          socket.end(suite === undefined ? Buffer.from([0x15, 3, 3, 0, 2, 2, 40]) : helloOf(suite));
          return;
        }
        const behind = connect(inner, '127.0.0.1');
        behind.on('error', () => undefined);
        behind.write(first);
        socket.pipe(behind).pipe(socket);
      });
    });
    const offer = await tlsOffer(targetAt(await listen(front)));
    expect({ names: names(offer), incomplete: offer.incomplete }).toEqual({
      names: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'TLS_RSA_WITH_RC4_128_SHA'],
      incomplete: undefined,
    });
  });
});

function helloOf(suite: number): Buffer {
  const body = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(32, 1), Buffer.from([0, suite >> 8, suite & 255, 0])]);
  return Buffer.concat([Buffer.from([0x16, 3, 3, 0, body.length + 4, 2, 0, 0, body.length]), body]);
}

describe('certificates', () => {
  const ca = makePair('ca', 'ec', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']);
  const leaf = [
    'basicConstraints=critical,CA:FALSE',
    'extendedKeyUsage=serverAuth',
    'subjectAltName=DNS:n1,IP:127.0.0.1',
  ];
  const seen = async (pair: typeof ca, bundle: string | undefined) => {
    const { first } = await tlsOffer(targetAt(await serveTls({ ...pair, minVersion: 'TLSv1.3' }), { ca: bundle }));
    return first.kind === 'done' ? first.certificate : undefined;
  };

  it('of a CA, of another CA, and of nobody', async () => {
    const own = makePair('leaf', 'ec', leaf, 'ca');
    const certificate = await seen(own, ca.cert);
    expect(certificate).toMatchObject({
      ...{ commonName: 'leaf', issuer: 'ca', chain: 'trusted', keyType: 'EC P-256', usages: ['1.3.6.1.5.5.7.3.1'] },
      names: 'DNS:n1, IP Address:127.0.0.1',
    });
    expect([certificate?.isFor('127.0.0.1'), certificate?.isFor('127.0.0.2'), certificate?.isFor('n1')]).toEqual([
      true,
      false,
      true,
    ]);
    expect((await seen(own, ec.cert))?.chain).toBe('unknown-ca');
    expect((await seen(own, undefined))?.chain).toBe('no-ca');
    expect(await seen(rsa, ca.cert)).toMatchObject({ chain: 'self-signed', keyType: 'RSA 2048', usages: undefined });
  });
});

describe('servers that are none', () => {
  it('alert 80 says that there is no certificate', async () => {
    const { first, versions } = await tlsOffer(targetAt(await serveBytes(Buffer.from([0x15, 3, 3, 0, 2, 2, 80]))));
    expect(first).toEqual({ kind: 'alert', alert: 80 });
    expect(versions['TLSv1.2']).toEqual({ unknown: 'not tried' });
  });

  it.each([
    ['plain HTTP', 'HTTP/1.0 400 Bad Request\r\n\r\n', true],
    ['nothing', '', true],
    ['silence', '', false],
    ['rubbish', '\u0016\u0003\u0003\uffff', true],
  ])('%s is a failure, within its time', async (_, text, close) => {
    const port = await serveBytes(Buffer.from(text, 'latin1'), close);
    const { first, incomplete } = await tlsOffer(targetAt(port, { deadline: 500 }));
    expect(first.kind).toBe('failed');
    expect(incomplete).toBeDefined();
  });

  it('nobody, and nothing once it is cancelled', async () => {
    expect((await tlsOffer(targetAt(1))).first).toEqual({ kind: 'failed', reason: 'the connection was refused' });
    const stop = AbortSignal.abort();
    expect((await tlsOffer(targetAt(1, { stop }))).first).toEqual({ kind: 'failed', reason: 'cancelled' });
  });
});
