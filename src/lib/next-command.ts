/** Commands to suggest: each repeats the flags that chose hosts, rules and cluster in this call, quoted for a shell. */

/** Words of the command line that chose something, such as `--inventory prod.yaml`. */
export interface Choice {
  readonly flag: string;
  readonly words: readonly string[];
}

/** What this call was told, for the commands that it suggests. Can be passed to another thread. */
export interface Invocation {
  readonly choices: readonly Choice[];
  /** How the hosts are changed: waves, limits, health checks. In the guided mode, for commands that do the same or go on. */
  readonly settings?: readonly Choice[] | undefined;
  /** The flags that each verb takes. */
  readonly flagsOf: Readonly<Record<string, readonly string[]>>;
  /** The saved plan that apply was given. */
  readonly plan?: string | undefined;
  /** Where the journals of runs are, if the environment moved them. */
  readonly stateHome?: string | undefined;
}

let current: Invocation = { choices: [], flagsOf: {} };

/** Once a call, before anything is suggested; in the guided mode again after each choice. */
export const rememberInvocation = (invocation: Invocation): void => void (current = invocation);

export const invocation = (): Invocation => current;

/** With other choices in place of those of the same flags; no words take a flag away. */
export const choosing = (before: Invocation, choices: readonly Choice[]): Invocation => ({
  ...before,
  choices: [
    ...before.choices.filter(({ flag }) => !choices.some((one) => one.flag === flag)),
    ...choices.filter(({ words }) => words.length > 0),
  ],
});

const selection: readonly string[] = ['--limit', '--exclude'];
/** What a saved plan has in it already. */
const planned: readonly string[] = [
  ...['--playbook', '--rule', '--move-arguments', '--accept-pending-edits', '--approve-csrs', '--no-approver'],
];
/** What a saved plan must pass. */
const proofs: readonly string[] = ['--digest', '--signers', '--signatures', '--signature', '--revoked-signers'];
/** Verbs that read the journals of this machine. */
const readers: readonly string[] = ['resume', 'runs', 'runs show'];

/**
 * `kubelatch resume RUN -i prod.yaml`: a verb and its words, then what chose hosts, rules and cluster in this call, as far as
 * that verb takes it. With `--limit` among the words, the call's own selection of hosts is left out.
 */
export function nextCommand(verb: string, ...words: readonly string[]): string {
  const without = words.includes('--limit') ? selection : [];
  return commandWithout(without, verb, words);
}

/** As nextCommand, for all hosts of the inventory. */
export const nextCommandForAll = (verb: string, ...words: readonly string[]): string =>
  commandWithout(selection, verb, words);

/** As nextCommand, with the settings of this call as well, so that it does the same. */
export const sameCommand = (verb: string, ...words: readonly string[]): string =>
  commandWithout([], verb, words, current.settings);

/** `kubelatch apply FILE`, without the choices that the saved plan in that file has in it already. */
export const applyPlanCommand = (plan: string): string => commandWithout([], 'apply', [], [], { ...current, plan });

/** As nextCommand, with the settings of this call, so that it goes on in the same way; a date has passed by then. */
export function laterCommand(verb: string, ...words: readonly string[]): string {
  const hasPassed = ({ flag, words: [, value = ''] }: Choice): boolean => flag === '--until' && value.includes('T');
  const settings = current.settings?.filter((one) => !hasPassed(one));
  return commandWithout(words.includes('--limit') ? selection : [], verb, words, settings);
}

function commandWithout(
  without: readonly string[],
  verb: string,
  words: readonly string[],
  settings: readonly Choice[] = [],
  { flagsOf, choices, plan, stateHome }: Invocation = current,
): string {
  const known = flagsOf[verb] ?? [];
  const plans = verb === 'apply' && plan !== undefined ? [plan] : [];
  const left = [...without, ...(plans.length > 0 ? planned : proofs), ...words];
  const repeated = [...choices, ...settings].filter(({ flag }) => known.includes(flag) && !left.includes(flag));
  const state = stateHome !== undefined && readers.includes(verb) ? `XDG_STATE_HOME=${shellWord(stateHome)} ` : '';
  const all = [...plans, ...words, ...repeated.flatMap((one) => one.words)];
  return `${state}kubelatch ${[verb, ...all.map(shellWord)].join(' ')}`;
}

/** A word as a shell reads it back; quoted only where it must be. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
