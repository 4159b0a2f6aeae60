/** The TLS versions and cipher suites that a kubelet can be set to: their names in Go and in OpenSSL, and their numbers. */

export const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** As in a ClientHello. */
export const versionNumbers: Readonly<Record<TlsVersion, number>> = {
  TLSv1: 0x0301,
  'TLSv1.1': 0x0302,
  'TLSv1.2': 0x0303,
  'TLSv1.3': 0x0304,
};

/** As tlsMinVersion names it. */
export const kubeletVersionNames: Readonly<Record<TlsVersion, string>> = {
  TLSv1: 'VersionTLS10',
  'TLSv1.1': 'VersionTLS11',
  'TLSv1.2': 'VersionTLS12',
  'TLSv1.3': 'VersionTLS13',
};

export interface Suite {
  /** The name in Go, which is the one of tlsCipherSuites. */
  readonly name: string;
  readonly id: number;
  /** The name in OpenSSL; undefined for suites that the OpenSSL of Node.js cannot speak. */
  readonly openssl: string | undefined;
}

/** Suites up to TLS 1.2 that Go's crypto/tls has. Those of TLS 1.3 cannot be configured. */
export const suites: readonly Suite[] = (
  [
    ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 0xc02b, 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f, 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 0xc02c, 'ECDHE-ECDSA-AES256-GCM-SHA384'],
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 0xc030, 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca9, 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8, 'ECDHE-RSA-CHACHA20-POLY1305'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 0xc023, 'ECDHE-ECDSA-AES128-SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 0xc027, 'ECDHE-RSA-AES128-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 0xc009, 'ECDHE-ECDSA-AES128-SHA'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 0xc00a, 'ECDHE-ECDSA-AES256-SHA'],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 0xc013, 'ECDHE-RSA-AES128-SHA'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 0xc014, 'ECDHE-RSA-AES256-SHA'],
    ['TLS_RSA_WITH_AES_128_GCM_SHA256', 0x009c, 'AES128-GCM-SHA256'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 0x009d, 'AES256-GCM-SHA384'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA256', 0x003c, 'AES128-SHA256'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 'AES128-SHA'],
    ['TLS_RSA_WITH_AES_256_CBC_SHA', 0x0035, 'AES256-SHA'],
    ['TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA', 0xc012, undefined],
    ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 0x000a, undefined],
    ['TLS_ECDHE_ECDSA_WITH_RC4_128_SHA', 0xc007, undefined],
    ['TLS_ECDHE_RSA_WITH_RC4_128_SHA', 0xc011, undefined],
    ['TLS_RSA_WITH_RC4_128_SHA', 0x0005, undefined],
  ] as const
).map(([name, id, openssl]) => ({ name, id, openssl }));

export const suiteNamed = (name: string): Suite | undefined => suites.find((suite) => suite.name === name);
export const suiteNumbered = (id: number): Suite | undefined => suites.find((suite) => suite.id === id);

/** Suites that need an ECDSA certificate, those that need an RSA one, by the key in use. */
export const needsOtherKey = ({ name }: Suite, keyType: string): boolean =>
  name.includes('_ECDSA_') ? !keyType.startsWith('EC') : !keyType.startsWith('RSA');
