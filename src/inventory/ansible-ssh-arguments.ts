/** Reads the SSH arguments of an Ansible inventory: jump hosts, port, user, key; the rest is told. Pure. */
import type { DraftSsh } from './draft.js';
import { splitJump } from './schema.js';
import { splitWords } from './ansible-words.js';

export interface ReadArguments {
  readonly ssh: DraftSsh;
  /** What was not carried over. */
  readonly notes: readonly string[];
}

type Writable = { -readonly [Key in keyof DraftSsh]: DraftSsh[Key] };

/** Flags of ssh that take a value. */
const withValue = 'BbcDEeFIiJLlmOopQRSWw';

/** `absolute` makes a path independent of the folder in which Ansible is started. */
export function readSshArguments(text: string, absolute: (path: string) => string): ReadArguments {
  const words = splitWords(text);
  if (!words.ok) return { ssh: {}, notes: [`${words.error}, so nothing of it is carried over`] };
  const ssh: Writable = {};
  const notes: string[] = [];
  for (const { flag, value } of flagsOf(words.value)) {
    const note = flag === 'o' ? readOption(value, ssh, absolute) : readFlag(flag, value, ssh, absolute);
    if (note !== undefined) notes.push(note);
  }
  return { ssh, notes };
}

interface Flag {
  readonly flag: string;
  readonly value: string;
}

function flagsOf(words: readonly string[]): readonly Flag[] {
  const flags: Flag[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const letter = /^-([A-Za-z0-9])/.exec(word)?.[1];
    if (letter === undefined) flags.push({ flag: '', value: word });
    else if (!withValue.includes(letter)) for (const one of word.slice(1)) flags.push({ flag: one, value: '' });
    else if (word.length > 2) flags.push({ flag: letter, value: word.slice(2) });
    else flags.push({ flag: letter, value: words[++at] ?? '' });
  }
  return flags;
}

function readFlag(flag: string, value: string, ssh: Writable, absolute: (path: string) => string): string | undefined {
  switch (flag) {
    case 'J':
      ssh.jump = splitJump(value);
      return undefined;
    case 'p':
      ssh.port = Number(value);
      return undefined;
    case 'l':
      ssh.user = value;
      return undefined;
    case 'i':
      ssh.identityFile = absolute(value);
      return undefined;
    // Compression, verbosity, no terminal, no agent: nothing that decides which host is reached.
    case 'C':
    case 'q':
    case 'v':
    case 'T':
    case '4':
    case '6':
      return undefined;
    case '':
      return `${shown(value)} is not carried over`;
    default:
      return `-${flag}${value === '' ? '' : ` ${shown(value)}`} is not carried over`;
  }
}

/** They make SSH faster or quieter. */
const harmless =
  /^(control\w*|serveralive\w*|connecttimeout|connectionattempts|compression|loglevel|tcpkeepalive|batchmode|preferredauthentications)$/;

function readOption(text: string, ssh: Writable, absolute: (path: string) => string): string | undefined {
  const [, name = text, value = ''] = /^\s*(\w+)\s*[=\s]\s*(.*)$/s.exec(text) ?? [];
  switch (name.toLowerCase()) {
    case 'proxyjump':
      ssh.jump = value.toLowerCase() === 'none' ? [] : splitJump(value);
      return undefined;
    case 'proxycommand': {
      const jump = jumpOfCommand(value);
      if (jump === undefined)
        return `ProxyCommand ${shown(value)} is not carried over: kubelatch knows jump hosts alone`;
      ssh.jump = [jump];
      return undefined;
    }
    case 'port':
      return readFlag('p', value, ssh, absolute);
    case 'user':
      return readFlag('l', value, ssh, absolute);
    case 'identityfile':
      return readFlag('i', value, ssh, absolute);
    case 'stricthostkeychecking':
      return /^yes$/i.test(value)
        ? undefined
        : `StrictHostKeyChecking=${shown(value)} is not carried over: kubelatch always checks host keys`;
    case 'userknownhostsfile':
      if (value === '/dev/null')
        return 'UserKnownHostsFile=/dev/null is not carried over: kubelatch always checks host keys';
      ssh.knownHostsFile = absolute(value);
      return undefined;
    default:
      return harmless.test(name.toLowerCase()) ? undefined : `${shown(text)} is not carried over`;
  }
}

/** `ssh -W %h:%p -q user@bastion`: the usual way to write a jump host before ProxyJump. */
function jumpOfCommand(command: string): string | undefined {
  const words = splitWords(command);
  if (!words.ok || !/^(\/usr\/bin\/)?ssh$/.test(words.value[0] ?? '')) return undefined;
  let [user, port, host, forwards] = ['', '', '', false];
  for (const { flag, value } of flagsOf(words.value.slice(1))) {
    if (flag === 'W' && /^\[?%h\]?:%p$/.test(value)) forwards = true;
    else if (flag === 'p' && /^\d+$/.test(value)) port = `:${value}`;
    else if (flag === 'l') user = `${value}@`;
    else if (flag === '' && host === '') host = value;
    else if (!['q', 'C', 'T', 'v'].includes(flag)) return undefined;
  }
  return forwards && host !== '' ? `${user}${host}${port}` : undefined;
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
