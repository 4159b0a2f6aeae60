/** The known_hosts format, cross-checked against ssh-keygen. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fingerprint,
  hashedName,
  judgeKey,
  keyTypeOf,
  knownHostsName,
  knownKeyTypes,
  matchesName,
  parseKnownHosts,
} from '../../src/ssh/known-hosts.js';
import { indexLines } from '../../src/ssh/known-hosts-index.js';
import { openWorkshop } from './sshd.js';

const shop = openWorkshop();
const keys: Record<string, Buffer> = {};
const text = (name: string): string => shop.publicKey(name);

beforeAll(() => {
  for (const name of ['a', 'b']) shop.key(name);
  shop.key('rsa', { type: 'rsa' });
  shop.key('ecdsa', { type: 'ecdsa' });
  for (const name of ['a', 'b', 'rsa', 'ecdsa']) keys[name] = Buffer.from(text(name).split(' ')[1] ?? '', 'base64');
});
afterAll(() => {
  shop.remove();
});

const key = (name: string): Buffer => keys[name] ?? Buffer.alloc(0);
const judge = (file: string, name: string, offered: string): ReturnType<typeof judgeKey> =>
  judgeKey(parseKnownHosts(file, 'f'), name, key(offered));

describe('parseKnownHosts', () => {
  it('leaves out comments, blanks, broken keys and unknown markers, and counts lines', () => {
    const file = [
      '# comment',
      '',
      `   host1 ${text('a')} a comment here`,
      `@revoked\thost2 ${text('b')}`,
      `@cert-authority *.x ${text('rsa')}`,
      `@what host3 ${text('a')}`,
      'host4 ssh-ed25519 AAAA',
      `host5 ssh-rsa ${text('a').split(' ')[1] ?? ''}`,
      'host6 ssh-ed25519',
      `host7 ${text('ecdsa')}\r`,
    ].join('\n');
    expect(parseKnownHosts(file, 'f').map((line) => [line.line, line.marker, line.names, line.keyType])).toEqual([
      [3, 'none', 'host1', 'ssh-ed25519'],
      [4, 'revoked', 'host2', 'ssh-ed25519'],
      [5, 'cert-authority', '*.x', 'ssh-rsa'],
      [10, 'none', 'host7', 'ecdsa-sha2-nistp256'],
    ]);
  });

  it('takes any bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (file) => {
        parseKnownHosts(file, 'f');
      }),
    );
  });
});

describe('matchesName', () => {
  it.each([
    ['host', 'host', true],
    ['HOST', 'host', true],
    ['host', 'host2', false],
    ['a,host,b', 'host', true],
    ['*.example.com', 'x.example.com', true],
    ['*.example.com', 'example.com', false],
    ['node?', 'node1', true],
    ['node?', 'node12', false],
    ['*.example.com,!bad.example.com', 'bad.example.com', false],
    ['!bad.example.com,*.example.com', 'bad.example.com', false],
    ['!bad.example.com', 'good.example.com', false],
    ['[host]:2222', '[host]:2222', true],
    ['host', '[host]:2222', false],
    ['[*]:2222', '[host]:2222', true],
    ['*', 'anything', true],
    ['a*b*c', 'a-xx-b-yy-c', true],
    ['a*b*c', 'a-xx-c', false],
    ['2001:db8::1', '2001:db8::1', true],
  ])('%s matches %s: %s', (names, name, want) => {
    expect(matchesName(names, name)).toBe(want);
  });

  it('is quick with hostile patterns', () => {
    expect(matchesName(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false);
  });

  it('agrees with ssh-keygen -F on random patterns', () => {
    const unit = fc.constantFrom('a', 'b', '.', '*', '?', '!', ',');
    const pattern = fc.string({ unit, minLength: 1, maxLength: 8 }).filter((names) => !names.startsWith(','));
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(pattern, name, (names, host) => {
        const file = shop.write('patterns', `${names} ${text('a')}\n`);
        const found = spawnSync('ssh-keygen', ['-F', host, '-f', file]).status === 0;
        expect(matchesName(names, host)).toBe(found);
      }),
      { numRuns: 150 },
    );
  });

  it('finds every name that ssh-keygen hashed', () => {
    const names = ['node1', 'node1.example.com', '[10.0.0.1]:2222', '10.0.0.1', '2001:db8::1'];
    const file = shop.write('hashed', names.map((name) => `${name} ${text('a')}\n`).join(''));
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const lines = parseKnownHosts(readFileSync(file, 'utf8'), file);
    expect(lines.every((line) => line.names.startsWith('|1|'))).toBe(true);
    for (const name of names) expect(lines.filter((line) => matchesName(line.names, name))).toHaveLength(1);
    expect(lines.some((line) => matchesName(line.names, 'node2'))).toBe(false);
  });

  it('takes broken hashes for no match', () => {
    for (const names of ['|1|', '|1||', '|2|YQ==|YQ==', '|1|YQ==|YQ==', '|1|YQ==|YQ==|x', '||||'])
      expect(matchesName(names, 'a')).toBe(false);
  });
});

describe('judgeKey', () => {
  it('knows, misses, and tells a change with its line', () => {
    const file = `other ${text('b')}\nhost ${text('a')}\n`;
    expect(judge(file, 'host', 'a')).toMatchObject({ kind: 'known', entry: { line: 2 } });
    expect(judge(file, 'host', 'b')).toMatchObject({ kind: 'changed', entry: { line: 2 } });
    expect(judge(file, 'new', 'a')).toEqual({ kind: 'unknown', authority: undefined });
  });

  it('takes a key of another type for a change, and names the line of the same type first', () => {
    expect(judge(`host ${text('rsa')}\n`, 'host', 'a')).toMatchObject({ kind: 'changed', entry: { line: 1 } });
    expect(judge(`host ${text('rsa')}\nhost ${text('b')}\n`, 'host', 'a')).toMatchObject({
      kind: 'changed',
      entry: { line: 2 },
    });
  });

  it('lets @revoked win on any line', () => {
    expect(judge(`host ${text('a')}\n@revoked * ${text('a')}\n`, 'host', 'a')).toMatchObject({
      kind: 'revoked',
      entry: { line: 2 },
    });
    expect(judge(`@revoked other ${text('a')}\nhost ${text('a')}\n`, 'host', 'a')).toMatchObject({ kind: 'known' });
    expect(judge(`@revoked * ${text('b')}\n`, 'host', 'a')).toMatchObject({ kind: 'unknown' });
  });

  it('does not take the key of a certificate authority for a host key', () => {
    expect(judge(`@cert-authority *.x ${text('a')}\n`, 'h.x', 'a')).toMatchObject({
      kind: 'unknown',
      authority: { line: 1 },
    });
  });

  it('tells the known types in order, without revoked ones and authorities', () => {
    const file = `h ${text('rsa')}\nh ${text('a')}\n@revoked h ${text('ecdsa')}\n@cert-authority h ${text('ecdsa')}\nh ${text('b')}\n`;
    expect(knownKeyTypes(parseKnownHosts(file, 'f'), 'h')).toEqual(['ssh-rsa', 'ssh-ed25519']);
  });
});

describe('names and fingerprints', () => {
  it('are as ssh prints them', () => {
    expect(knownHostsName('Node1', 22)).toBe('node1');
    expect(knownHostsName('2001:DB8::1', 2222)).toBe('[2001:db8::1]:2222');
    for (const name of ['a', 'rsa', 'ecdsa']) {
      const line = execFileSync('ssh-keygen', ['-l', '-f', shop.path(`${name}.pub`)], { encoding: 'utf8' });
      expect(line.split(' ')[1]).toBe(fingerprint(key(name)));
    }
  });

  it('of a broken blob are no type', () => {
    expect(keyTypeOf(Buffer.alloc(0))).toBe('');
    expect(keyTypeOf(Buffer.from([255, 255, 255, 255, 1]))).toBe('');
  });
});

it('finds the lines of a host by an index as by a comparison with each', () => {
  const file = [
    ...['h1,h2', 'H1,10.0.0.1', 'h*,!h2', '*', '[h1]:2222', 'h1,h1', '!h1,*'].map((names) => `${names} ${text('a')}`),
    ...[
      `${hashedName('h1')} ${text('rsa')}`,
      `@revoked h1 ${text('a')}`,
      `@cert-authority *.example ${text('rsa')}`,
      `h1 ${text('rsa')}`,
    ],
  ].join('\n');
  const lines = parseKnownHosts(file, 'f');
  const index = indexLines(lines);
  for (const name of ['h1', 'H1', 'h2', '10.0.0.1', '[h1]:2222', 'a.example', 'x', '']) {
    const all = lines.filter(({ names }) => matchesName(names, name));
    expect(index.linesOf(name)).toEqual(all);
    expect(index.linesOf(name)).toEqual(all);
  }
});
