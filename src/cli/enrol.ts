/** Adds SSH host keys to known_hosts once a person, or a list of fingerprints, proved them. Never blindly. */
import { readFile } from 'node:fs/promises';
import type { Host } from '../inventory/host.js';
import { type Fingerprint, type Fingerprints, readFingerprints } from '../inventory/fingerprints.js';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { type KeySurvey, surveyHostKeys } from '../pipeline/host-keys.js';
import type { HostKeyState } from '../ssh/key-reader.js';
import { hostList } from '../report/host-list.js';
import { table } from '../report/table.js';
import { line } from '../report/words.js';
import { type CliContext, connectOptions } from './context.js';
import { certifiedKeys } from './enrol-certificates.js';
import { say } from './say.js';
import { askInOrder } from './way-back.js';

type Unknown = KeySurvey['unknown'][number];

export interface Enrolled {
  readonly added: number;
  /** Hosts whose key, or that of a jump host before them, nobody proved. */
  readonly left: readonly string[];
}

/** Rounds: each may show jump hosts behind those that were added. */
const maxRounds = 10;

export const readFingerprintFile = async (path: string): Promise<Fingerprints> => {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ToolError('usage', `--fingerprints ${path}: ${fileErrorOf(error)}`, { cause: error });
  });
  return readFingerprints(path, text);
};

/** `listed`: proved keys; without them a person at the terminal is asked. */
export async function enrolHostKeys(
  cli: CliContext,
  hosts: readonly Host[],
  listed: Fingerprints | undefined,
): Promise<Enrolled> {
  const added = new Set<string>();
  const left: string[] = [];
  let waiting = hosts;
  for (let round = 0; round < maxRounds && waiting.length > 0; round++) {
    const survey = await readKeys(cli, waiting);
    const { unknown: open } = survey;
    const isAdded = ({ key }: Unknown): boolean => added.has(key.id);
    const addAll = async (proved: readonly Unknown[]): Promise<void> => {
      for (const one of proved) if (await add(one)) added.add(one.key.id);
    };
    await addAll(await certifiedKeys(cli, open, listed));
    const rest = open.filter((one) => !isAdded(one));
    if (rest.length > 0)
      await addAll(await (listed === undefined ? askAbout(cli, rest, added.size) : provedBy(cli, hosts, rest, listed)));
    left.push(...open.filter((one) => !isAdded(one)).flatMap((one) => one.hosts));
    // Behind a jump host there is a key that nobody has seen yet.
    const behind = new Set(open.filter((one) => one.key.isJump && isAdded(one)).flatMap((one) => one.hosts));
    waiting = waiting.filter(({ name }) => behind.has(name));
  }
  return { added: added.size, left };
}

async function readKeys(cli: CliContext, hosts: readonly Host[], prefer?: readonly string[]): Promise<KeySurvey> {
  const { progress, flags, shutdown } = cli;
  progress.phase('Reading host keys', hosts.length);
  const onHost = (host: string, state: HostKeyState): void =>
    progress.onEvent(
      state.kind === 'failed' ? { event: 'unreachable', host, reason: state.error.message } : { event: 'read', host },
    );
  const survey = await surveyHostKeys(hosts, { connect: connectOptions(cli), forks: flags.forks, prefer, onHost });
  await progress.stop();
  if (shutdown.requested.aborted) throw new ToolError('interrupted', 'Cancelled.');
  return survey;
}

async function add({ key }: Unknown): Promise<boolean> {
  const error = await key.trust();
  if (error === undefined) return true;
  say(`! ${line(key.label)}: ${line(error.message)}\n    hint: ${line(error.hint)}`);
  return false;
}

function keyTable({ errText }: CliContext, open: readonly Unknown[]): string {
  const columns = [
    { header: 'HOST' },
    { header: 'ADDRESS' },
    { header: 'TYPE', overflow: 'keep' as const },
    { header: 'FINGERPRINT', overflow: 'wrap' as const },
  ];
  const rows = open.map(({ key, hosts }) => ({
    cells: [
      line(key.isJump ? `${key.label} (jump host of ${hostList(hosts, 2)})` : key.label),
      line(key.address),
      line(key.type),
      key.fingerprint,
    ],
  }));
  return table(columns, rows, Math.max(errText.width, 60)).join('\n');
}

/** What a person says yes to. Without one, nothing. */
async function askAbout(cli: CliContext, open: readonly Unknown[], added: number): Promise<readonly Unknown[]> {
  const { prompts, interactive, flags } = cli;
  say(`SSH host keys that are not in known_hosts yet:\n${keyTable(cli, open)}`);
  if (!interactive || flags.yes) return [];
  say('Compare them with what each host says itself:\n    ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
  try {
    const how = await prompts.select('Are these the keys of your hosts?', [
      { name: 'Compare them one by one', value: 'each' },
      { name: open.length === 1 ? 'Yes, add it' : `Yes, I compared all ${open.length}: add them`, value: 'all' },
      { name: 'Not now: add none', value: 'none' },
    ] as const);
    if (how !== 'each') return how === 'all' ? open : [];
    return await askEach(cli, open);
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'interrupted') throw error;
    const keys = added === 0 ? 'No host key was added.' : `${added} host keys were added before.`;
    throw new ToolError('interrupted', `${error.message} ${keys}`, { cause: error });
  }
}

/** Those that a person confirms. */
async function askEach({ prompts }: CliContext, open: readonly Unknown[]): Promise<readonly Unknown[]> {
  const answers = await askInOrder<Unknown, boolean>(open, async ({ key }, at) => {
    const { label, address, type, fingerprint } = key;
    const said = await prompts.select(`Does ${label} (${address}) show ${type} ${fingerprint}?`, [
      { name: 'Yes, add it', value: 'yes' },
      { name: 'No, leave it out', value: 'no' },
      ...(at === 0 ? [] : [{ name: 'Back to the previous key', value: 'back' as const }]),
      { name: 'Stop comparing: add the confirmed keys', value: 'stop' },
    ] as const);
    return said === 'back' || said === 'stop' ? said : { answer: said === 'yes' };
  });
  return open.filter((_, at) => answers[at] === true);
}

/** Types by which a host is asked again where the list has another key of it. */
const otherTypes = [
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['ssh-rsa'],
  ['ssh-ed25519'],
];

/** Keys whose fingerprint is listed for one of the host's names. Another fingerprint is told, and never added. */
async function provedBy(
  cli: CliContext,
  hosts: readonly Host[],
  open: readonly Unknown[],
  listed: Fingerprints,
): Promise<readonly Unknown[]> {
  const of = ({ key }: Unknown): readonly Fingerprint[] =>
    key.names.flatMap((name) => listed.get(name.toLowerCase()) ?? []);
  const isProved = (one: Unknown): boolean => of(one).some(({ text }) => text === one.key.fingerprint);
  const proved = open.filter(isProved);
  let wrong = open.filter((one) => !isProved(one) && of(one).length > 0);
  for (const prefer of otherTypes) {
    if (wrong.length === 0) break;
    const names = new Set(wrong.flatMap((one) => one.hosts));
    const again = await readKeys(
      cli,
      hosts.filter(({ name }) => names.has(name)),
      prefer,
    );
    const found = again.unknown.filter((one) => isProved(one) && wrong.some(({ key }) => key.id === one.key.id));
    proved.push(...found);
    wrong = wrong.filter(({ key }) => !found.some((one) => one.key.id === key.id));
  }
  for (const one of wrong) {
    const { label, type, fingerprint } = one.key;
    const [first] = of(one);
    say(
      `! ${line(label)}: the host key is ${line(type)} ${fingerprint}, but ${line(first?.place ?? '')} has ${first?.text ?? ''}: not added`,
    );
  }
  return proved;
}
