/** Why the API server could not be asked, in plain words with a next step, where kubectl's proxy only passes on an error of its own. */
import { oneLine } from '../lib/sanitize.js';

const plain: readonly (readonly [sign: RegExp, say: (place: string) => string])[] = [
  [
    /dial tcp (\S{1,300}): connect: connection refused/,
    (place) => `nothing listens on ${place}; check that the API server runs there, and the server in the kubeconfig`,
  ],
  [
    /dial tcp (\S{1,300}): (?:i\/o timeout|connect: (?:no route to host|network is unreachable|connection timed out))/,
    (place) => `${place} cannot be reached; check the network, the VPN and firewalls`,
  ],
  [
    /dial tcp: lookup (\S{1,300}?)(?: on \S{1,300})?: (?:no such host|server misbehaving|i\/o timeout)/,
    (place) => `the name ${place} cannot be resolved; check DNS, and the server in the kubeconfig`,
  ],
  [
    /(?:tls: failed to verify certificate|x509): (.{1,200})/,
    (why) =>
      `the certificate of the API server is not trusted (${why}); check the certificate authority in the kubeconfig`,
  ],
  [
    /(context deadline exceeded|TLS handshake timeout|Client\.Timeout|unexpected EOF|\bEOF$|connection reset by peer)/,
    (why) => `the API server did not answer (${why}); check its health and its load balancer, then try again`,
  ],
];

/** Where a person set what kubectl was given, in words that follow `check`: `--kubeconfig`, `cluster.context in inventory.yaml`. */
export interface KubectlPlaces {
  readonly kubeconfig: string;
  readonly context: string;
}

type Say = (found: readonly string[], places: KubectlPlaces) => string;

const unreadable: readonly (readonly [sign: RegExp, say: Say])[] = [
  [
    /error loading config file "([^"]{1,300})": (.{1,300})/,
    ([, path, why], at) => `the kubeconfig ${path} cannot be read (${why}); check ${at.kubeconfig}`,
  ],
  [
    /error: stat ([^:]{1,300}): (no such file or directory|permission denied)/,
    ([, path, why], at) => `the kubeconfig ${path} cannot be read (${why}); check ${at.kubeconfig}`,
  ],
  [
    /context "([^"]{1,300})" does not exist|no context exists with the name: "([^"]{1,300})"/,
    ([, one, other], at) => `the kubeconfig has no context ${one ?? other ?? ''}; check ${at.context}`,
  ],
];

/** The last words of a kubectl that ended, in plain words where they are about its kubeconfig. */
export function proxyEndReason(kubectl: string, words: string, places: KubectlPlaces): string {
  const text = oneLine(words);
  for (const [sign, say] of unreadable) {
    const found = sign.exec(text);
    if (found !== null) return oneLine(say(found, places));
  }
  return oneLine(`${kubectl} proxy ended: ${text}`);
}

/** Of an answer that is not the API server's own: a sentence where the proxy did not reach it, or `HTTP 502: ...`. */
export function reasonOf(status: number, reason: string): string {
  const text = oneLine(reason);
  if (status >= 500)
    for (const [sign, say] of plain) {
      const found = sign.exec(text);
      if (found?.[1] !== undefined) return oneLine(say(found[1]));
    }
  return oneLine(`HTTP ${status}: ${text}`);
}
