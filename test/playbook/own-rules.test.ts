/** Every rule that kubelatch judges by without a playbook is in the table that explains them, and nothing else. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinNames } from '../../src/playbook/builtin.js';
import { loadPlaybook } from '../../src/playbook/load.js';
import { builtInRule, ownRules } from '../../src/playbook/own-rules.js';
import { project } from '../source-file.js';

const sources = readdirSync(join(project, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== 'playbook/own-rules.ts')
  .map((path) => readFileSync(join(project, 'src', path), 'utf8'));

/** The ways in which the code names the rule of a finding. */
const ways = [/\brule: '([a-z][a-z0-9-]*)'/g, /\bconst rule = '([a-z0-9-]+)'/g, /\bfinding\(\s*'([a-z0-9-]+)'/g];
const idsIn = (text: string): string[] => ways.flatMap((way) => [...text.matchAll(way)].flatMap(([, id]) => id ?? []));

describe('the table of rules without a playbook', () => {
  it('has each id that the code gives a finding, and no other', () => {
    expect([...new Set(sources.flatMap(idsIn))].sort()).toEqual(Object.keys(ownRules).sort());
  });

  it('has the titles that findings have', () => {
    const named = sources.flatMap((text) => [...text.matchAll(/\brule: '([a-z0-9-]+)',\s*title: '([^']+)'/g)]);
    expect(named.length).toBeGreaterThan(8);
    for (const [, id = '', title] of named) expect(ownRules[id]?.title, id).toBe(title);
  });

  it('says of each why it matters and what to do', () => {
    for (const [id, { why, fix }] of Object.entries(ownRules)) {
      expect(why.length, id).toBeGreaterThan(40);
      // A command at the end is to be copied, so nothing follows it.
      expect(fix, id).toMatch(/^[A-Z].*(\.|: kubelatch [a-z].*)$/);
      expect(fix, id).not.toMatch(/: kubelatch [^.]*\.( |$)/);
    }
  });

  it('shares no id with a playbook, which would hide one of the two', async () => {
    const books = await Promise.all((await builtinNames()).map((name) => loadPlaybook(name)));
    const ids = books.flatMap(({ rules }) => rules.map(({ id }) => id));
    expect(ids.filter((id) => builtInRule(id) !== undefined)).toEqual([]);
    expect(builtInRule('constructor')).toBeUndefined();
  });
});
