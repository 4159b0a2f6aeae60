/** What ssh_config files let depend on the name of a host, so that ssh is asked once for all hosts that they treat alike. Pure. */
import { matchesPattern } from './known-hosts.js';

/** `ssh -G` says the same of hosts with the same text, but for their names. Undefined: this host has to be asked about by itself. */
export type LikenessOf = (alias: string) => string | undefined;

export const allDiffer: LikenessOf = () => undefined;
export const allAlike: LikenessOf = () => '';

/**
 * `texts`: every file that ssh read, included ones too. A name reaches an answer only through `Host` lines, which are
 * compared here, and through what is {@link isClear} of: without that, nothing is taken for alike.
 */
export function likenessIn(texts: readonly string[]): LikenessOf {
  const lines = texts.flatMap((text) => text.split('\n').map((line) => line.trim())).filter(isMeant);
  const settings = lines.map(settingOf);
  if (!settings.every(isClear)) return allDiffer;
  const known = settings.filter((one) => one !== undefined);
  const hosts = known.filter(({ keyword }) => keyword === 'host').map(({ value }) => value.split(/[ \t]+/));
  const others = known.filter(({ keyword }) => keyword !== 'host').map(({ value }) => value.toLowerCase());
  return (alias) => {
    // A name in a value, such as HostName or ProxyJump, may mean something for the host of that name alone.
    if (!PLAIN_NAME.test(alias) || others.some((value) => value.includes(alias))) return undefined;
    return hosts.map((patterns) => (isMatched(patterns, alias) ? '1' : '0')).join('');
  };
}

interface Setting {
  /** In small letters. */
  readonly keyword: string;
  readonly value: string;
}

/** ssh changes the case of names before it compares them, and expands what is behind a `%`. */
const PLAIN_NAME = /^[a-z0-9_.:-]+$/;

const isMeant = (line: string): boolean => line !== '' && !line.startsWith('#');

/** Undefined if it is not written as most people do. */
function settingOf(line: string): Setting | undefined {
  const [, keyword, value] = /^([a-z0-9]+)(?:[ \t]*=[ \t]*|[ \t]+)(.+)$/i.exec(line) ?? [];
  return keyword === undefined || value === undefined ? undefined : { keyword: keyword.toLowerCase(), value };
}

/** What may hold `%h` and the like: none of it is read from the answer, but whether there is a ProxyCommand. */
const unread = new Set(['controlpath', 'proxycommand', 'localcommand', 'remotecommand', 'certificatefile']);
const sameForAll = new Set(['all', 'final', 'canonical']);

/** False if its effect may differ between hosts in a way that `Host` lines do not tell. */
function isClear(setting: Setting | undefined): boolean {
  if (setting === undefined) return false;
  const { keyword, value } = setting;
  const words = value.toLowerCase().split(/[ \t]+/);
  switch (keyword) {
    case 'host':
      return /^[^"'\\#%]+$/.test(value);
    case 'match':
      return words.every((word) => sameForAll.has(word));
    case 'canonicalizehostname':
      return words[0] === 'no';
    default:
      return unread.has(keyword) || !value.includes('%');
  }
}

/** As OpenSSH matches a `Host` line: a pattern with `!` that matches decides alone. */
function isMatched(patterns: readonly string[], alias: string): boolean {
  const matches = (pattern: string): boolean => matchesPattern(pattern, alias);
  const excluding = patterns.filter((one) => one.startsWith('!')).map((one) => one.slice(1));
  return !excluding.some(matches) && patterns.some((one) => !one.startsWith('!') && matches(one));
}
