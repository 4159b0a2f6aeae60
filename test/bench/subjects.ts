/** The programs that are compared: each runs the probe once on every host of a fleet. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Fleet } from './fleet.js';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A file for its stdin. */
  readonly input?: string;
}

export interface Subject {
  readonly name: string;
  readonly kind: 'kubelatch' | 'floor' | 'openssh' | 'ansible' | 'mitogen';
  readonly about: string;
  /** A file that is there if the program is installed. */
  readonly needs: string;
  command(fleet: Fleet): Command;
  /** Found once in stdout or in the answers for each host that was asked in full. */
  readonly sign: RegExp;
}

/** Programs of Debian, whatever else is installed here. */
export const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const answered = /^kubelatch-facts 1$/gm;
const program = resolve('dist/main.js');
const seconds = '600';

function ansible({ list, folder, parallel, probeFile, sshConfig, ansibleConfig }: Fleet): Command {
  return {
    program: '/usr/bin/ansible',
    args: ['all', '-i', list, '-m', 'script', '-a', probeFile, '-f', String(parallel)],
    env: {
      ANSIBLE_CONFIG: ansibleConfig,
      ANSIBLE_PIPELINING: '1',
      ANSIBLE_SSH_COMMON_ARGS: `-F ${sshConfig}`,
      ANSIBLE_SSH_CONTROL_PATH_DIR: join(folder, 'cp'),
      ANSIBLE_TIMEOUT: seconds,
    },
  };
}

const mitogenPlugins = '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy';

export const kubelatch: Subject = {
  name: 'kubelatch',
  kind: 'kubelatch',
  about: '`kubelatch audit -o json --no-cluster`',
  needs: program,
  sign: /"status": ?"judged"/g,
  command: ({ inventory, parallel }) => ({
    // As npm installs it: the shell reads with which options it starts Node.js.
    program: '/bin/sh',
    env: { PATH: `${dirname(process.execPath)}:${path}` },
    args: [
      ...[program, 'audit', '-i', inventory, '-o', 'json', '--no-cluster', '--no-input'],
      ...['--forks', String(parallel), '--timeout', `${seconds}s`],
    ],
  }),
};

export const subjects: readonly Subject[] = [
  kubelatch,
  {
    name: 'floor',
    kind: 'floor',
    about: 'a bare loop over ssh2, the SSH library of kubelatch',
    needs: process.execPath,
    sign: / answered$/gm,
    command: ({ list, port, user, key, hostKey, parallel, probeFile }) => ({
      program: process.execPath,
      args: [
        ...[join(import.meta.dirname, 'floor.js'), list, String(port), user, key, hostKey],
        ...[String(parallel), probeFile],
      ],
    }),
  },
  {
    name: 'xargs ssh',
    kind: 'openssh',
    about: 'OpenSSH, one process a host',
    needs: '/usr/bin/ssh',
    sign: answered,
    command: ({ list, parallel, sshConfig, probeFile, answers }) => ({
      program: '/usr/bin/xargs',
      args: [
        ...['-a', list, '-P', String(parallel), '-I', '{}'],
        ...['sh', '-c', 'exec ssh -F "$1" "$0" "sh -s" <"$2" >"$3/$0"', '{}', sshConfig, probeFile, answers],
      ],
    }),
  },
  {
    name: 'pssh',
    kind: 'openssh',
    about: 'parallel-ssh, which runs OpenSSH',
    needs: '/usr/bin/parallel-ssh',
    sign: answered,
    command: ({ list, parallel, sshConfig, probeFile, answers }) => ({
      program: '/usr/bin/parallel-ssh',
      args: ['-h', list, '-p', String(parallel), '-t', seconds, '-x', `-F ${sshConfig}`, '-o', answers, '-I', 'sh -s'],
      input: probeFile,
    }),
  },
  {
    name: 'clush',
    kind: 'openssh',
    about: 'ClusterShell, which runs OpenSSH',
    needs: '/usr/bin/clush',
    sign: /: kubelatch-facts 1$/gm,
    command: ({ list, parallel, sshConfig, probeFile }) => ({
      program: '/usr/bin/clush',
      args: ['--hostfile', list, '-f', String(parallel), '-t', seconds, '-o', `-F ${sshConfig}`, 'sh -s'],
      input: probeFile,
    }),
  },
  {
    name: 'ansible',
    kind: 'ansible',
    about: 'ansible-core, module `script`, with pipelining',
    needs: '/usr/bin/ansible',
    sign: / \| CHANGED => /g,
    command: ansible,
  },
  {
    name: 'mitogen',
    kind: 'mitogen',
    about: 'the same with the strategy `mitogen_linear`',
    needs: mitogenPlugins,
    sign: / \| CHANGED => /g,
    command: (fleet) => {
      const { env, ...rest } = ansible(fleet);
      const own = { ANSIBLE_STRATEGY: 'mitogen_linear', ANSIBLE_STRATEGY_PLUGINS: mitogenPlugins };
      return { ...rest, env: { ...env, ...own } };
    },
  },
];

/** The version that is installed here, or undefined where the program is missing. */
export function versionOf({ kind, name, needs }: Subject): string | undefined {
  if (!existsSync(needs)) return undefined;
  const first = (file: string, ...args: readonly string[]): string =>
    execFileSync(file, args, { encoding: 'utf8', env: { PATH: path, HOME: '/nonexistent' } }).split('\n')[0] ?? '';
  const debian = (name: string): string => first('dpkg-query', '-W', '-f', '${Version}', name);
  if (kind === 'kubelatch') return first(process.execPath, program, '--version');
  if (kind === 'floor') return `Node.js ${process.version}`;
  const packages: Readonly<Record<string, string>> = {
    'xargs ssh': 'openssh-client',
    pssh: 'pssh',
    clush: 'clustershell',
    ansible: 'ansible-core',
    mitogen: 'ansible-mitogen',
  };
  return debian(packages[name] ?? name);
}
