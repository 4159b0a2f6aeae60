/** The optional program of root on a node, so that sudo need allow no shell: it has copies of the programs, and runs no others. */
import { createHash } from 'node:crypto';
import { shippedText } from '../lib/shipped-file.js';
import { shellQuote } from './quote.js';
import { type ScriptName, script } from './scripts.js';

export const helperPath = '/usr/local/sbin/kubelatch-node-helper';
/** Exit status for a version that is not the one asked for. */
export const otherVersion = 65;
/** Without kubectl, which could do anything to a cluster, and what runs any command. */
const programs: readonly ScriptName[] = [
  'probe',
  'txn',
  'watch',
  'hashes',
  'http',
  'login',
  'serving',
  'filter',
  'network',
  'connections',
];

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const frame = (): string => shippedText('node/sudo-program.sh');

/** Of what the helper runs: another text of any program is another version. */
export const helperVersion = (): string => sha256([...programs.map(script), frame()].join('\0')).slice(0, 16);

/** The name of a program of the helper by its text; undefined for another one. */
export const helperProgram = (text: string): ScriptName | undefined => programs.find((name) => script(name) === text);

/** What the helper reads on stdin. */
export const helperInput = (args: readonly string[]): string =>
  [...args.map((one) => Buffer.from(one, 'utf8').toString('base64')), 'end', ''].join('\n');

/** The whole program. `units` may be restarted, patterns among them; `user` is whom sudo lets run it. */
export function nodeHelper(units: readonly string[], user: string): string {
  const functions = programs.map((name) => `run_${name}() {\n${script(name)}}\n`);
  return [
    '#!/bin/sh',
    `# kubelatch-node-helper, version ${helperVersion()}. Install it on each node as root, and let sudo run it and nothing else:`,
    `#   install -o root -g root -m 0755 kubelatch-node-helper ${helperPath}`,
    `#   echo '${user} ALL=(root) NOPASSWD: ${helperPath}' >/etc/sudoers.d/kubelatch && chmod 0440 /etc/sudoers.d/kubelatch`,
    '# In the inventory: ssh.become: helper',
    `VERSION=${helperVersion()}`,
    `TXN=${sha256(script('txn'))}`,
    `PROGRAMS=${shellQuote(programs.join(' '))}`,
    `UNITS_ALLOWED=${shellQuote(units.join(' '))}`,
    ...functions,
    frame(),
  ].join('\n');
}
