/** Which TLS cipher suites a list really selects. Pure. */

/**
 * The kubelet accepts these names, but they have no effect: Go's crypto/tls always offers the TLS 1.3 suites. A list of only
 * these names leaves no TLS 1.2 suite. Then the kubelet exits when it starts to serve, because HTTP/2 needs an
 * AES_128_GCM_SHA256 suite (Go's net/http), unless tlsMinVersion is VersionTLS13.
 */
const notConfigurable: ReadonlySet<unknown> = new Set([
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
]);

/** The suites that a list selects. A value that is not a list is returned unchanged. */
export const effectiveSuites = <T>(value: T): T =>
  Array.isArray(value) ? (value.filter((name) => !notConfigurable.has(name)) as T) : value;
