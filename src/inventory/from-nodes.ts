/** Makes the draft of an inventory from the nodes of a cluster, or from names that a person typed. Pure. */
import { isIP } from 'node:net';
import { type Draft, type DraftHost, type DraftSsh, type Note, settleDraft } from './draft.js';
import type { Role } from './host.js';
import { addressFault } from './syntax.js';
import { parseRange } from './range.js';
import { maxHosts } from './resolve.js';

export interface ListedNode {
  readonly name: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly controlPlane: boolean;
}

const groupOf = (role: Role): string => (role === 'control-plane' ? 'control-plane' : 'workers');
const byName = new Intl.Collator('en', { numeric: true });

/** Addresses by what a machine in the same network reaches first. */
const preferred = ['InternalIP', 'Hostname', 'ExternalIP', 'InternalDNS', 'ExternalDNS'];

/** `what` names the source in notes. Control-plane nodes come first, each group in the order of its names. */
export function draftFromNodes(nodes: readonly ListedNode[], what: string, ssh: DraftSsh): Draft {
  const notes: Note[] = [];
  const hosts = nodes
    .toSorted((a, b) => Number(b.controlPlane) - Number(a.controlPlane) || byName.compare(a.name, b.name))
    .map((node): DraftHost => {
      const role = node.controlPlane ? 'control-plane' : 'worker';
      const address = addressOf(node);
      if (address === undefined)
        notes.push({ place: `${what}, node ${node.name}`, message: 'has no address: its name is used' });
      return {
        ...{ name: node.name, group: groupOf(role), role, ssh, place: `${what}, node ${node.name}` },
        ...(address === undefined || address === node.name ? {} : { address }),
      };
    });
  return settleDraft({ hosts, notes });
}

function addressOf({ addresses }: ListedNode): string | undefined {
  const usable = addresses.filter(({ address }) => addressFault(address) === undefined);
  const of = (type: string): readonly string[] =>
    usable.filter((one) => one.type === type).map(({ address }) => address);
  const found = preferred.flatMap((type) => of(type).toSorted((a, b) => Number(isIP(b) === 4) - Number(isIP(a) === 4)));
  return found[0];
}

export interface TypedHosts {
  /** Each a name, an address or NAME=ADDRESS; ranges in brackets. */
  readonly controlPlane: readonly string[];
  readonly workers: readonly string[];
  readonly ssh: DraftSsh;
}

/** What is wrong with one typed word, or undefined. */
export const typedHostFault = (word: string): string | undefined => {
  const made = expandTyped(word);
  if (typeof made === 'string') return made;
  const host = (name: string, address: string | undefined): DraftHost => ({
    ...{ name, address, group: 'workers', role: 'worker', ssh: {}, place: '' },
  });
  const { notes } = settleDraft({ hosts: made.map(([name, address]) => host(name, address)), notes: [] });
  return notes[0]?.message.replace(/; the host is left out$/, '');
};

/** Call typedHostFault for each word first: words with faults are left out, each with a note. */
export function draftFromNames({ controlPlane, workers, ssh }: TypedHosts): Draft {
  const notes: Note[] = [];
  const made = (words: readonly string[], role: Role): readonly DraftHost[] =>
    words.flatMap((word) => {
      const hosts = expandTyped(word);
      if (typeof hosts === 'string') notes.push({ place: word, message: hosts });
      return typeof hosts === 'string'
        ? []
        : hosts.map(([name, address]): DraftHost => ({ name, address, group: groupOf(role), role, ssh, place: word }));
    });
  return settleDraft({ hosts: [...made(controlPlane, 'control-plane'), ...made(workers, 'worker')], notes });
}

function expandTyped(word: string): readonly (readonly [string, string | undefined])[] | string {
  const [, name = word, address] = /^([^=]*)=(.*)$/.exec(word) ?? [];
  const expand = (text: string): readonly string[] | string => {
    const range = parseRange(text);
    if (!range.ok) return range.error;
    return range.value.count > maxHosts ? `more than ${maxHosts} hosts` : range.value.expand();
  };
  if (address === undefined && isIP(word) === 6) return [[word.replaceAll(':', '-').replace(/^-+/, ''), word]];
  const names = expand(name);
  const addresses = address === undefined ? undefined : expand(address);
  if (typeof names === 'string') return names;
  if (typeof addresses === 'string') return addresses;
  if (addresses !== undefined && addresses.length !== names.length)
    return `${JSON.stringify(word)}: ${names.length} names, but ${addresses.length} addresses`;
  return names.map((one, i) => [one, addresses?.[i]]);
}
