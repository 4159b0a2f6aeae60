/** Selects hosts of the inventory by `--limit` and `--exclude`. Pure. */
import { nextCommand } from '../lib/next-command.js';
import { ToolError } from '../lib/errors.js';
import { suggest } from '../lib/suggest.js';
import type { Host, Inventory } from './host.js';
import { parseRange } from './range.js';
import { maxHosts } from './resolve.js';
import { nextCommandForAll } from '../lib/next-command.js';

export interface Selection {
  /** Comma-separated patterns: host names with `*`, `?` and ranges, group names, `role:worker`, `all`; `!pattern` excludes. */
  readonly limit?: string | undefined;
  /** The same patterns without `!`; these hosts are excluded. */
  readonly exclude?: string | undefined;
}

/** The selected hosts in inventory order. Throws ToolError `usage` if a pattern matches nothing or no host is left. */
export function selectHosts(inventory: Inventory, { limit, exclude }: Selection): readonly Host[] {
  const wanted = patterns('--limit', limit);
  const taken = wanted.filter((pattern) => !pattern.startsWith('!'));
  const dropped = [
    ...wanted.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1)),
    ...patterns('--exclude', exclude),
  ];
  const chosen = new Set(
    taken.length === 0 ? inventory.hosts : taken.flatMap((pattern) => matching(inventory, pattern)),
  );
  for (const pattern of dropped) for (const host of matching(inventory, pattern)) chosen.delete(host);
  if (chosen.size === 0) {
    throw new ToolError('usage', '--limit and --exclude leave no hosts', {
      hint: `to list the hosts: ${nextCommandForAll('inventory')}`,
    });
  }
  return inventory.hosts.filter((host) => chosen.has(host));
}

function patterns(flag: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const list = text.split(',').map((pattern) => pattern.trim());
  const bad = list.find(
    (pattern) => pattern === '' || pattern === '!' || (flag === '--exclude' && pattern.startsWith('!')),
  );
  if (bad === undefined) return list;
  const why = bad === '' || bad === '!' ? 'has an empty pattern' : `must not start with "!": write ${bad.slice(1)}`;
  throw new ToolError('usage', `${flag} ${JSON.stringify(text)} ${why}`);
}

function matching(inventory: Inventory, pattern: string): readonly Host[] {
  if (pattern === 'all') return inventory.hosts;
  const found = pattern.startsWith('role:')
    ? inventory.hosts.filter((host) => host.role === pattern.slice(5))
    : matchingNames(inventory, pattern);
  if (found.length > 0) return found;
  const hint = hintFor(inventory, pattern);
  throw new ToolError('usage', `no host, group or role matches ${JSON.stringify(pattern)}`, { hint });
}

function hintFor({ hosts }: Inventory, pattern: string): string {
  if (pattern.startsWith('role:'))
    return 'The roles are role:control-plane and role:worker. Perhaps no host has this role.';
  const nearest = suggest(pattern, new Set(['all', ...hosts.flatMap((host) => [host.group, host.name])]));
  return nearest === undefined
    ? `to list the hosts and groups: ${nextCommandForAll('inventory')}`
    : `Did you mean ${JSON.stringify(nearest)}?`;
}

/** A range is refused if it cannot be read, or if some of its names match nothing: `n[1:40]` is not `n[01:40]`. */
function matchingNames({ hosts }: Inventory, pattern: string): readonly Host[] {
  const range = parseRange(pattern);
  if (!range.ok) throw new ToolError('usage', `${JSON.stringify(pattern)}: ${range.error}`);
  if (range.value.count > maxHosts)
    throw new ToolError('usage', `${JSON.stringify(pattern)} has ${range.value.count} names; at most ${maxHosts}`);
  const expanded = range.value.expand();
  const matchers = expanded.map(matcher);
  const found = hosts.filter((host) => matchers.some((matches) => matches(host)));
  const missing = expanded.filter((_, at) => !hosts.some((host) => matchers[at]?.(host) === true));
  if (found.length === 0 || missing.length === 0) return found;
  const [first = ''] = missing;
  const more = missing.length === 1 ? '' : ` and ${missing.length - 1} more`;
  throw new ToolError('usage', `${JSON.stringify(pattern)}: no host or group matches ${first}${more}`, {
    hint: `It matches ${found.length} ${found.length === 1 ? 'host' : 'hosts'}. To list the hosts: ${nextCommand('inventory')}`,
  });
}

function matcher(text: string): (host: Host) => boolean {
  if (!/[*?]/.test(text)) return ({ name, group }) => name === text || group === text;
  const glob = globRegExp(text);
  return ({ name, group }) => name === text || group === text || glob.test(name);
}

/** `*` matches any text, `?` one character. Other characters match themselves. */
function globRegExp(glob: string): RegExp {
  const source = glob.replace(/\*+/g, '*').replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
