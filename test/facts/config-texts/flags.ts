/** Flags: words that the kubelet takes, and those with which it does not start. */
import type { ConfigCase } from './config-case.js';

const unchecked = 'it does not read flags to the letter';

const flags = (texts: Readonly<Record<string, string>>, more: Partial<ConfigCase> = {}): ConfigCase[] =>
  Object.entries(texts).map(([name, words]) => ({ name: `flags: ${name}`, flags: words, config: '', ...more }));

export const flagCases: readonly ConfigCase[] = [
  ...flags({
    'a word behind a boolean flag': '--anonymous-auth false',
    'an empty variable in braces': '${UNSET}',
    'an empty variable without braces': '$UNSET',
    'a flag takes the flag behind it': '--hostname-override $UNSET --read-only-port=0',
    'a comment': '--read-only-port=0 # closed',
    'one dash': '-read-only-port=0',
    'a flag without its value': '--read-only-port',
    'a word behind the end of flags': '-- x',
    booleans: '--anonymous-auth=false --protect-kernel-defaults --make-iptables-util-chains=T',
    'lines below': '--read_only_port=0 --anonymous_auth=false',
    'the last one counts': '--read-only-port=5 --read-only-port=0',
    'values in the next word': '--read-only-port 0 --authorization-mode AlwaysAllow',
    verbosity: '-v 2 --read-only-port=0',
    'a list in several flags': '--cluster-dns=1.1.1.1 --cluster-dns=2.2.2.2,3.3.3.3',
    'maps in several flags': '--kube-reserved=cpu=100m --kube-reserved=memory=1Gi',
    'durations of zero': '--streaming-connection-idle-timeout=0',
  }),
  ...flags(
    {
      'a boolean that is none': '--anonymous-auth=yes',
      'a boolean that is empty': '--anonymous-auth=',
      'a number that is none': '--read-only-port=none',
      'a number in another base': '--max-pods=0x10 --read-only-port=010',
      'a number that is too large': '--max-pods=3000000000',
      'a duration that is none': '--streaming-connection-idle-timeout=5',
      'an address that is none': '--address=localhost',
      'an empty address': '--address=',
      'a map without values': '--kube-reserved=cpu',
      'an empty map': '--kube-reserved=',
      'an empty list': '--cluster-dns=',
      'gates that are none': '--feature-gates=RotateKubeletServerCertificate=yes',
      'a port out of range': '--read-only-port=70000',
      'a port of zero': '--port=0',
      'a mode that is empty': '--authentication-token-webhook=false --authorization-mode=',
      'a list with quotes': '--tls-cipher-suites="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"',
      'a taint': '--register-with-taints=a=b:NoSchedule',
      'a taint that is none': '--register-with-taints=a=b:Never',
      'a letter that is no flag': '-x',
      'the end of flags': '--',
      'verbosity in one word': '-v2',
    },
    { beyondStandin: unchecked },
  ),
  ...flags({ 'a flag that nobody knows': '--no-such-flag=1' }, { since: 29 }),
  ...flags({ thresholds: '--eviction-hard=memory.available<5%,nodefs.available<1Gi' }),
  ...flags({ 'thresholds with an equals sign': '--eviction-hard=memory.available=5%' }, { beyondStandin: unchecked }),
  {
    name: 'flags: gates of file and flag',
    config: 'featureGates: {RotateKubeletServerCertificate: true}\n',
    flags: '--feature-gates=AllBeta=false',
  },
  {
    name: 'flags: a list replaces that of the file',
    config: 'clusterDNS: [9.9.9.9]\nkubeReserved: {pid: "5"}\n',
    flags: '--cluster-dns=1.1.1.1 --kube-reserved=cpu=1',
  },
  { name: 'flags: no file', flags: '--read-only-port=0' },
  { name: 'flags: seccomp-default', config: '', flags: '--seccomp-default=true', since: 25 },
  {
    name: 'flags: out of a variable of the unit',
    config: 'readOnlyPort: 10255\n',
    directives: 'Environment="ARGS=--read-only-port=0 --anonymous-auth=false"\n',
    flags: '$ARGS',
  },
  {
    name: 'flags: out of a variable in braces, as one word',
    config: '',
    directives: 'Environment="ARGS=--read-only-port=0 --anonymous-auth=false"\n',
    flags: '${ARGS}',
    beyondStandin: unchecked,
  },
  { name: 'flags: a file that is not there', flags: '--config=~d~/none.yaml' },
];
