/** Which hosts of the inventory a run is about: `--limit` and `--exclude`; pure. */
import { ToolError } from '../lib/errors.js';
import { suggest } from '../lib/suggest.js';
import type { Host, Inventory } from './host.js';
import { parseRange } from './range.js';
import { maxHosts } from './resolve.js';

export interface Selection {
  /** Patterns with commas between: host names with `*`, `?` and ranges, group names, `role:worker`, `all`, and `!pattern` to take away. */
  readonly limit?: string | undefined;
  /** The same without `!`: taken away at the end. */
  readonly exclude?: string | undefined;
}

/** The chosen hosts in the inventory's order. Throws ToolError `usage` when a pattern fits nothing or no host is left. */
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
    throw new ToolError('usage', 'no host is left after --limit and --exclude', {
      hint: 'See the hosts with: kubelatch inventory',
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
  const why = bad === '' || bad === '!' ? 'has an empty pattern' : `takes hosts away already: write ${bad.slice(1)}`;
  throw new ToolError('usage', `${flag} ${JSON.stringify(text)} ${why}`);
}

function matching(inventory: Inventory, pattern: string): readonly Host[] {
  if (pattern === 'all') return inventory.hosts;
  const found = pattern.startsWith('role:')
    ? inventory.hosts.filter((host) => host.role === pattern.slice(5))
    : inventory.hosts.filter(matcher(pattern));
  if (found.length > 0) return found;
  const hint = hintFor(inventory, pattern);
  throw new ToolError('usage', `no host, group or role fits ${JSON.stringify(pattern)}`, { hint });
}

function hintFor({ hosts }: Inventory, pattern: string): string {
  if (pattern.startsWith('role:')) return 'Roles are role:control-plane and role:worker; no host may have this one.';
  const nearest = suggest(pattern, new Set(['all', ...hosts.flatMap((host) => [host.group, host.name])]));
  return nearest === undefined
    ? 'See hosts and groups with: kubelatch inventory'
    : `Did you mean ${JSON.stringify(nearest)}?`;
}

function matcher(pattern: string): (host: Host) => boolean {
  const range = parseRange(pattern);
  const expanded = range.ok && range.value.count <= maxHosts ? range.value.expand() : [pattern];
  const literal = new Set(expanded);
  const globs = expanded.filter((text) => /[*?]/.test(text)).map(globRegExp);
  return ({ name, group }) => literal.has(name) || literal.has(group) || globs.some((glob) => glob.test(name));
}

/** `*` is any text, `?` one character; everything else stands for itself. */
function globRegExp(glob: string): RegExp {
  const source = glob.replace(/\*+/g, '*').replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${source.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
