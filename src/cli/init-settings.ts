/** Asks how the hosts of a new inventory are reached and what their cluster is called; each question goes back to the one before. */
import { clusterNameFault } from '../inventory/schema.js';
import { jumpFault, userFault } from '../inventory/syntax.js';
import { type Prompts, WentBack } from '../terminal/prompt.js';
import type { CliContext } from './context.js';
import { type Found, withSsh } from './init-source.js';
import { clusterNameOf, sshOfFlags } from './new-inventory.js';

export interface Answered {
  readonly found: Found;
  readonly clusterName: string;
}

/** Of a menu: takes the answer before it back, as Escape does at every question. */
export type Back = 'back';
export const back = { name: 'Back', value: 'back' as const };

/** What was asked; undefined if the person goes back. */
export async function unlessBack<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof WentBack) return undefined;
    throw error;
  }
}

/** A line of text; undefined if the person goes back. */
export const ask = (
  prompts: Prompts,
  text: string,
  initial: string,
  fault?: (word: string) => string | undefined,
): Promise<string | undefined> =>
  unlessBack(prompts.input(`${text} (Esc goes back):`, { initial, fault, canGoBack: true }));

/** The login, the bastion and the name of the cluster; each question goes back to the one before. */
export async function askSettings(cli: CliContext, found: Found): Promise<Answered | Back> {
  const { prompts, flags } = cli;
  const given = sshOfFlags(flags);
  const [user, jump] = [found.hosts[0]?.ssh.user, found.hosts[0]?.ssh.jump];
  const isSame = (at: 'user' | 'jump'): boolean =>
    found.hosts.every(({ ssh }) => JSON.stringify(ssh[at]) === JSON.stringify(found.hosts[0]?.ssh[at]));
  const answers: string[] = [];
  const hops = (text: string): readonly string[] => text.split(',').map((hop) => hop.trim());
  const optional = (check: (text: string) => string | undefined) => (text: string) =>
    text === '' || text === 'none' ? undefined : check(text);
  const questions = [
    ...(isSame('user')
      ? [
          {
            key: 'user',
            text: 'SSH user; nothing for the one in ~/.ssh/config',
            initial: given.user ?? user ?? '',
            fault: optional(userFault),
          },
        ]
      : []),
    ...(isSame('jump')
      ? [
          {
            key: 'jump',
            text: 'Bastion as [user@]host[:port]; nothing for none',
            initial: (given.jump ?? jump ?? []).join(','),
            fault: optional((text) =>
              hops(text)
                .map(jumpFault)
                .find((one) => one !== undefined),
            ),
          },
        ]
      : []),
    {
      key: 'name',
      text: 'Cluster name; you type it to confirm dangerous steps',
      initial: clusterNameOf(found, flags.clusterName),
      fault: clusterNameFault,
    },
  ];
  for (let at = 0; at < questions.length;) {
    const one = questions[at];
    if (one === undefined) break;
    const answer = await ask(prompts, one.text, answers[at] ?? one.initial, one.fault);
    if (answer === undefined && at === 0) return 'back';
    if (answer !== undefined) answers[at] = answer;
    at += answer === undefined ? -1 : 1;
  }
  const answerTo = (key: string): string => answers[questions.findIndex((one) => one.key === key)] ?? '';
  const [userTyped, jumpTyped] = [answerTo('user'), answerTo('jump')];
  const ssh = {
    ...given,
    ...(userTyped === '' ? {} : { user: userTyped }),
    ...(jumpTyped === '' ? {} : { jump: jumpTyped === 'none' ? [] : hops(jumpTyped) }),
  };
  return { found: withSsh(found, ssh), clusterName: answerTo('name') };
}
