/** Reads an Ansible inventory in INI format. Pure. */
import { type Result, fail, ok } from '../lib/result.js';
import {
  type AnsibleFault,
  type AnsibleInventory,
  type AnsibleVariables,
  groupNamed,
  variablesOf,
} from './ansible-model.js';
import { expandHosts } from './ansible-range.js';
import { splitWords } from './ansible-words.js';
import { maxHosts } from './resolve.js';

const section = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/;

/** Fails with the first mistake, as Ansible does. */
export function readAnsibleIni(file: string, text: string): Result<AnsibleInventory, AnsibleFault> {
  const inventory: AnsibleInventory = { file, groups: new Map(), hosts: new Map() };
  let group = 'ungrouped';
  let kind: 'hosts' | 'children' | 'vars' = 'hosts';
  for (const [i, raw] of text.split('\n').entries()) {
    const line = i + 1;
    const content = raw.replace(/^\ufeff/, '').trim();
    if (content === '' || content.startsWith('#') || content.startsWith(';')) continue;
    const [whole, name = '', type = 'hosts'] = section.exec(content) ?? [];
    if (whole !== undefined) {
      if (type !== 'hosts' && type !== 'children' && type !== 'vars')
        return fail({ line, message: `[${name}:${type}] is not known: use [group], [group:children] or [group:vars]` });
      [group, kind] = [name, type];
      groupNamed(inventory, group, line);
      continue;
    }
    // An IPv6 address may stand in brackets, too.
    if (/^\[.*\]$/.test(content) && !/^\[[0-9A-Fa-f:.]+\]$/.test(content))
      return fail({ line, message: `${shown(content)} is not a [group]` });
    const fault = addLine(inventory, { group, kind, content, line });
    if (fault !== undefined) return fail({ line, message: fault });
  }
  return ok(inventory);
}

interface Line {
  readonly group: string;
  readonly kind: 'hosts' | 'children' | 'vars';
  readonly content: string;
  readonly line: number;
}

function addLine(inventory: AnsibleInventory, { group, kind, content, line }: Line): string | undefined {
  const own = groupNamed(inventory, group, line);
  if (kind === 'vars') {
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(content) ?? [];
    if (name === undefined || value === undefined) return `${shown(content)} is not NAME=VALUE`;
    own.variables.set(name, { value: literal(value), line });
    return undefined;
  }
  const words = splitWords(content);
  if (!words.ok) return words.error;
  const [first = '', ...rest] = words.value;
  if (kind === 'children') {
    if (rest.length > 0) return `${shown(content)} is not the name of one group`;
    own.children.set(first, line);
    groupNamed(inventory, first, line);
    return undefined;
  }
  return addHosts(inventory, own.hosts, { first, rest, line });
}

function addHosts(
  inventory: AnsibleInventory,
  members: Map<string, number>,
  { first, rest, line }: { readonly first: string; readonly rest: readonly string[]; readonly line: number },
): string | undefined {
  const expanded = expandHosts(first, maxHosts);
  if (!expanded.ok) return expanded.error;
  const { names, port } = expanded.value;
  const variables: AnsibleVariables = new Map();
  if (port !== undefined) variables.set('ansible_port', { value: String(port), line });
  for (const word of rest) {
    const at = word.indexOf('=');
    if (at < 1) return `${shown(word)} is not NAME=VALUE`;
    variables.set(word.slice(0, at), { value: literal(word.slice(at + 1)), line });
  }
  for (const name of names) {
    const known = variablesOf(inventory, name);
    for (const [key, variable] of variables) known.set(key, variable);
    if (!members.has(name)) members.set(name, line);
  }
  return inventory.hosts.size > maxHosts ? `more than ${maxHosts} hosts` : undefined;
}

/** Ansible reads a value as a Python literal, which may be quoted and have a comment behind it; other text stays as it is. */
function literal(text: string): string {
  const quoted = /^(["'])((?:(?!\1)[^\\]|\\.)*)\1\s*(?:#.*)?$/.exec(text);
  if (quoted?.[2] !== undefined) return quoted[2].replace(/\\(["'\\])/g, '$1');
  const plain = /^(\d+|True|False|None)\s*(?:#.*)?$/.exec(text);
  return plain?.[1] ?? text;
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
