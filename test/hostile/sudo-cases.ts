/** Hosts whose sudo is after the password, or never has enough of it. */
import type { HostileCase } from './hostile-case.js';
import { answerWith, b64, goodAnswer, ready, withTag } from './node-answer.js';
import { type Shell, sshHost } from './ssh-host.js';

/** What is typed where sudo asks for it; it must stand nowhere. */
export const password = 'S3cret-of-the-fleet';
/** In any form that a host could give it back in. */
const everywhere = new RegExp([password, b64(password), Buffer.from(password).toString('hex')].join('|'));
const clear = '\u001b[2J\u001b]0;owned\u0007';

const promptOf = ({ command }: Shell): string => /-p '([^']*)'/.exec(command)?.[1] ?? '';

/** Refuses sudo without a password, and does the rest with the prompt and the first line that is typed. */
const asking =
  (then: (shell: Shell, line: string) => void, ask = (shell: Shell) => promptOf(shell)) =>
  () =>
    sshHost({
      exec: (shell) => {
        const { channel, command, typed } = shell;
        if (!command.startsWith('sudo -S')) {
          channel.exit(1);
          channel.end();
          return;
        }
        channel.stderr.write(ask(shell));
        channel.once('data', (chunk: Buffer) => {
          const line = chunk.toString().split('\n')[0] ?? '';
          typed.push(line);
          then(shell, line);
        });
      },
    });

const sudo = (name: string, start: HostileCase['start'], over: Partial<HostileCase> = {}): HostileCase => ({
  name: `has a sudo that ${name}`,
  start,
  ends: ['unreachable', 'unreadable'],
  never: everywhere,
  ...over,
});

export const sudoCases: readonly HostileCase[] = [
  sudo(
    'takes the password',
    asking((shell) => answerWith(shell, goodAnswer)),
    { ends: 'judged' },
  ),
  sudo(
    'asks for the password for ever',
    asking((shell) => {
      const again = (): void => {
        if (!shell.socket.destroyed && shell.channel.stderr.write(promptOf(shell).repeat(100))) setImmediate(again);
      };
      again();
    }),
    { says: /rejected the password/ },
  ),
  sudo(
    'prints a thousand prompts before anybody types',
    asking(
      (shell) => answerWith(shell, goodAnswer),
      (shell) => promptOf(shell).repeat(1_000),
    ),
    { says: /rejected the password/ },
  ),
  sudo(
    'asks for the password of another host',
    asking(
      (shell) => shell.channel.stderr.write(`[sudo] password for root@good1: `),
      () => '[sudo] password for root@good1: ',
    ),
    { says: /something other than a password/ },
  ),
  sudo(
    'echoes what was typed on stderr and refuses',
    asking((shell, line) => {
      shell.channel.stderr.write(`${clear}no: ${line}\n`.repeat(3));
      shell.channel.exit(1);
      shell.channel.end();
    }),
  ),
  sudo(
    'echoes what was typed on stdout and refuses',
    asking((shell, line) => {
      shell.channel.write(`${line}\n`);
      shell.channel.exit(1);
      shell.channel.end();
    }),
  ),
  sudo(
    'echoes what was typed on stdout and lets in',
    asking((shell, line) => {
      shell.channel.write(`${line}\n`);
      answerWith(shell, goodAnswer);
    }),
    // What comes before the shell is ready is dropped.
    { ends: 'judged' },
  ),
  sudo(
    'lets in, and fails with what was typed on stderr',
    asking((shell, line) => {
      shell.channel.write(ready);
      shell.channel.stderr.write(`it was ${line}\n`);
      shell.channel.exit(9);
      shell.channel.end();
    }),
  ),
  sudo(
    'cuts what was typed in two on stderr',
    asking((shell, line) => {
      shell.channel.write(ready);
      shell.channel.stderr.write(`it was ${line.slice(0, 5)}`);
      shell.channel.stderr.write(`${line.slice(5)}\n`);
      shell.channel.exit(9);
      shell.channel.end();
    }),
  ),
  sudo(
    'takes the password for its hostname',
    asking((shell, line) => answerWith(shell, withTag('hostname', `hostname ${b64(line)}`))),
    { ends: 'unreadable', says: /contains the sudo password/ },
  ),
  sudo(
    'says as its answer what was typed',
    asking((shell, line) => answerWith(shell, `${line}\n`)),
  ),
  sudo(
    'names a record of its answer what was typed',
    asking((shell, line) => answerWith(shell, `kubelatch-facts 1\n${line}\nend\n`)),
  ),
  sudo(
    'waits for ever after the password',
    asking(() => undefined),
  ),
  sudo(
    'hangs up after the password',
    asking((shell) => void shell.socket.destroy()),
  ),
  sudo('prints for ever instead of asking', () =>
    sshHost({
      exec: (shell) => {
        const again = (): void => {
          if (shell.socket.destroyed) return;
          if (shell.channel.stderr.write(`${clear}wait `.repeat(2_000))) setImmediate(again);
          else shell.channel.stderr.once('drain', again);
        };
        again();
      },
    }),
  ),
];

/** What the login asks where a person would answer: the suite's answer is the same password. */
export const questionCases: readonly HostileCase[] = [
  {
    name: 'asks one question after the other at the login, for ever',
    start: () =>
      sshHost({
        login: (context) => {
          if (context.method !== 'keyboard-interactive') {
            context.reject(['keyboard-interactive']);
            return;
          }
          const again = (): void => context.prompt([{ prompt: `${clear}Code: `, echo: true }], again);
          again();
        },
      }),
    ends: 'unreachable',
    never: everywhere,
  },
  {
    name: 'asks for the password at the login, for ever',
    start: () =>
      sshHost({
        login: (context) => {
          if (context.method !== 'keyboard-interactive') {
            context.reject(['keyboard-interactive', 'password']);
            return;
          }
          const again = (): void => context.prompt([{ prompt: 'Password: ', echo: false }], again);
          again();
        },
      }),
    ends: 'unreachable',
    never: everywhere,
  },
];
