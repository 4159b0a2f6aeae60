/** Files of --config-dir: how they merge, in which order, and which of them stop the kubelet. */
import { type ConfigCase, header } from './config-case.js';

const merging = 'it merges in a simpler way';

export const dropInCases: readonly ConfigCase[] = [
  {
    name: 'drop-ins: gates add up',
    config: 'featureGates: {RotateKubeletServerCertificate: true}\n',
    dropIns: { '10.conf': 'featureGates: {NodeSwap: true}\n', '20.conf': 'featureGates: {AllAlpha: false}\n' },
  },
  {
    name: 'drop-ins: null takes a group away',
    config: 'authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}, anonymous: {enabled: true}}\n',
    dropIns: { '10.conf': 'authentication: null\n' },
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: null for a duration',
    config: 'syncFrequency: 5s\nevictionHard: {memory.available: 5%}\n',
    dropIns: { '10.conf': 'syncFrequency: null\nevictionHard: null\n' },
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a folder before the file of its name',
    config: '',
    dropIns: { '10.conf': 'maxPods: 10\n', '10/a.conf': 'maxPods: 11\n', 'x.yaml': 'maxPods: 12\n' },
  },
  {
    name: 'drop-ins: order by bytes',
    config: '',
    dropIns: { '9.conf': 'maxPods: 9\n', '10.conf': 'maxPods: 10\n', 'B.conf': 'port: 11\n', 'a.conf': 'port: 12\n' },
  },
  {
    name: 'drop-ins: hidden files and folders',
    config: '',
    dropIns: {
      '.conf': 'maxPods: 1\n',
      '.h.conf': 'port: 11\n',
      '.d/x.conf': 'readOnlyPort: 12\n',
      'x.CONF': 'port: 9\n',
    },
  },
  {
    name: 'drop-ins: a linked folder',
    config: '',
    bare: { '../real/a.conf': `${header}maxPods: 7\n` },
    links: { d: 'real' },
    configDir: '~d~/d',
  },
  {
    name: 'drop-ins: a linked folder with a slash',
    config: '',
    bare: { '../real/a.conf': `${header}maxPods: 7\n` },
    links: { d: 'real' },
    configDir: '~d~/d/',
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a linked file',
    config: '',
    bare: { '../real.txt': `${header}maxPods: 7\n` },
    links: { 'd/a.conf': '../real.txt' },
    dropIns: { 'b.conf': 'port: 11\n' },
    beyondStandin: merging,
  },
  { name: 'drop-ins: a link to nowhere', config: '', links: { 'd/a.conf': 'none' }, dropIns: { 'b.conf': '' } },
  { name: 'drop-ins: no such folder', config: '', configDir: '~d~/none' },
  {
    name: 'drop-ins: keys in another case',
    config: 'maxPods: 5\nauthentication: {anonymous: {enabled: true}}\n',
    dropIns: {
      '10.conf': 'maxpods: 6\nAuthentication: {Anonymous: {Enabled: false}}\nREADONLYPORT: 7\n',
      '20.conf': 'maxPods: 8\n',
    },
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a key twice',
    config: '',
    dropIns: { '10.conf': 'maxPods: 5\nmaxPods: 5\n' },
    beyondStandin: merging,
  },
  { name: 'drop-ins: unknown keys', config: '', dropIns: { '10.conf': 'companyNote: 5\nauthentication: {x: 1}\n' } },
  { name: 'drop-ins: a wrong type', config: '', dropIns: { '10.conf': 'maxPods: "5"\n' }, beyondStandin: merging },
  {
    name: 'drop-ins: a wrong type that is overruled',
    config: '',
    dropIns: { '10.conf': 'maxPods: "5"\n', '20.conf': 'maxPods: 5\n' },
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a scalar for a group',
    config: '',
    dropIns: { '10.conf': 'authorization: AlwaysAllow\n' },
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: zeros',
    config: 'maxPods: 5\nport: 11\n',
    dropIns: { '10.conf': 'maxPods: 0\nport: 0\nsyncFrequency: 0s\n' },
    since: 32,
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: lists replace',
    config: 'clusterDNS: [1.1.1.1]\nenforceNodeAllocatable: []\n',
    dropIns: { '10.conf': 'clusterDNS: []\n' },
    since: 32,
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: maps gather',
    config: 'kubeReserved: {cpu: 1m, memory: 1Gi}\n',
    dropIns: { '10.conf': 'kubeReserved: {memory: null, pid: "5"}\nsystemReserved: {}\n' },
    since: 32,
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a second document',
    config: '',
    dropIns: { '10.conf': 'maxPods: 7\n---\nmaxPods: 8\n' },
    beyondStandin: merging,
  },
  { name: 'drop-ins: empty', config: '', bare: { '10.conf': '' } },
  { name: 'drop-ins: without a kind', config: '', bare: { '10.conf': 'maxPods: 7\n' } },
  {
    name: 'drop-ins: without an apiVersion',
    config: '',
    bare: { '10.conf': 'kind: KubeletConfiguration\nmaxPods: 7\n' },
    since: 32,
    beyondStandin: merging,
  },
  {
    name: 'drop-ins: a flag is stronger',
    config: 'readOnlyPort: 1\n',
    dropIns: { '10.conf': 'readOnlyPort: 2\n' },
    flags: '--read-only-port=0',
  },
  { name: 'drop-ins: without --config', dropIns: { '10.conf': 'readOnlyPort: 0\n' } },
  {
    name: 'drop-ins: relative paths',
    config: 'staticPodPath: pods\n',
    dropIns: { '10.conf': 'volumePluginDir: plugins\n' },
    beyondStandin: merging,
  },
];
