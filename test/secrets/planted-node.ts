/** A recorded node with secrets planted in everything that it can say. */
import type { FileFact, NodeFacts } from '../../src/facts/node-facts.js';
import type { Configz } from '../../src/facts/running-differences.js';
import { plantedSecrets } from '../lib/redact-forms.js';
import { fileOf } from '../nodes/facts-of.js';
import { readNode } from '../nodes/recorded-node.js';

/** Words that look like nothing: only where they stand makes them secrets. */
const plainWords = Array.from({ length: 30 }, (_, index) => `Zq${index + 10}xCanaryWord`);
const word = (index: number): string => plainWords[index] ?? '';

/** Every planted text with the part that must never be seen. */
export const mustNotShow: readonly string[] = [...plainWords, ...plantedSecrets.map(({ planted }) => planted)];

/** One line each, since a log, an error or a note has no more. */
export const spoken: readonly string[] = plantedSecrets.map(({ text }) => text);

const environment = [
  `AWS_SECRET_ACCESS_KEY=${word(0)}`,
  `SOME_NAME="${word(1)} ${word(2)}"`,
  `# formerly ${word(3)}`,
  `K3S_NODE_LABEL=${word(4)}`,
  `KUBELET_OTHER_ARGS="--bootstrap-token ${word(5)} --unheard-of=${word(6)} ${word(7)} \\`,
  `  ${word(8)}"`,
  `export HTTPS_PROXY=http://u:${word(9)}@p:1`,
].join('\n');
const unit = [
  `# the password was ${word(10)}`,
  '[Service]',
  `Environment="A_NAME=${word(11)}" OTHER=${word(12)}`,
  `SetCredential=x:${word(13)}`,
].join('\n');
const supervisor = [
  `# ${word(14)}`,
  `x-unheard-of: ${word(15)}`,
  `clustersecret: ${word(16)}`,
  `etcd-s3-secret-key: ${word(17)}`,
  `datastore-endpoint: postgres://k:${word(18)}@db/k`,
  `agent-token: |\n  ${word(19)}`,
  `private-registry: {auth: ${word(20)}}`,
  `node-label:\n- ${word(21)}`,
].join('\n');
const kubelet = [
  `# ${word(22)}`,
  `unheardOf: ${word(23)}`,
  `readOnlyPrt: ${word(24)}`,
  `staticPodURLHeader:\n  X-Key:\n  - ${word(25)}`,
  `nested:\n  deeper: {a: ${word(26)}, "b": ["${word(27)}"]}`,
].join('\n');

/** Before and behind the text, so that they stand in the context of whatever is edited. */
function plantIn(path: string, text: string): string {
  if (path.includes('/systemd/') && /\.(service|conf)$/.test(path)) return `${text.trimEnd()}\n${unit}\n`;
  if (/\/(config\.yaml|config\.yaml\.d\/[^/]+)$/.test(path) && path.startsWith('/etc/rancher/'))
    return `${supervisor}\n${text.trimEnd()}\n`;
  if (/\.(ya?ml|conf)$/.test(path) && text.includes('KubeletConfiguration')) return withBoth(text, kubelet);
  const isEnvironment = /\.env$|^\/etc\/(default|sysconfig)\//.test(path);
  return isEnvironment ? `${environment}\n${text.trimEnd()}\n` : text;
}

/** A key may not stand twice in one file. */
const withBoth = (text: string, planted: string): string =>
  text.startsWith('{') ? text : `${planted}\n${text.trimEnd()}\n# ${word(28)}\n`;

function plantedFile(path: string, file: FileFact): FileFact {
  if (file.kind !== 'file' || file.content === undefined) return file;
  const text = plantIn(path, file.content.toString('utf8'));
  const { mode, owner, uid, gid, mtime } = file;
  return fileOf(path, text, { mode, owner, uid, gid, mtime });
}

export function plantedNode(name: string): { readonly facts: NodeFacts; readonly configz: Configz } {
  const { facts, configz } = readNode(name);
  const files = new Map([...facts.files].map(([path, file]) => [path, plantedFile(path, file)] as const));
  const transactions = spoken.map((text, index) => ({ id: `r${index}`, state: 'reverted', stuck: text, owner: text }));
  return {
    facts: { ...facts, files, transactions },
    configz: configz === undefined ? undefined : { ...configz, unheardOf: word(29) },
  };
}
