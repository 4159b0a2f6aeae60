/** What is demanded of a saved plan before anything is opened: whose file it is, its digest, its signatures (by real ssh-keygen). */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.js';
import { type Options, type Ran, closedPort, inventoryOf, openPlace } from './program.js';

const place = openPlace();
const at = (name: string): string => join(place.folder, name);
/** Of no host: it is carried out at once where nothing speaks against it. */
const text = (cluster = 'lab'): string =>
  `${JSON.stringify({ kind: 'kubelatch-plan', schemaVersion: 1, cluster, madeAt: '', playbooks: [], hosts: [] })}\n`;
const digest = digestOf(Buffer.from(text()));

beforeAll(async () => {
  place.file('inventory.yaml', inventoryOf(await closedPort()));
  for (const name of ['alice', 'bob', 'eve', 'old', 'gone'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  const key = (name: string): string =>
    readFileSync(at(`${name}.pub`), 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  place.file(
    'signers',
    [
      `alice@x,al@x namespaces="kubelatch-plan" ${key('alice')}`,
      `bob@x ${key('bob')}`,
      `old@x valid-before="20200101" ${key('old')}`,
      `gone@x ${key('gone')}`,
      '',
    ].join('\n'),
  );
  place.file('revoked', readFileSync(at('gone.pub'), 'utf8'));
  for (const name of ['signers', 'revoked']) chmodSync(at(name), 0o644);
});

beforeEach(() => {
  writeFileSync(at('p.json'), text());
  chmodSync(at('p.json'), 0o600);
});

const apply = (args: readonly string[], options?: Options): Promise<Ran> =>
  place.kubelatch(['apply', ...args, '--no-cluster'], options);

function expectRefused({ code, stdout, stderr }: Ran, why: RegExp, as = 1): void {
  expect({ code, stdout }, stderr).toEqual({ code: as, stdout: '' });
  expect(stderr).toMatch(why);
  // A line, and what to do next.
  expect(stderr.trim().split('\n')).toHaveLength(2);
}

it('is carried out where it lies safely and nothing more is demanded', async () => {
  expect((await apply(['p.json'])).code).toBe(0);
});

describe('a plan is refused', () => {
  it.each([0o666, 0o602, 0o620])('that others can write (%o)', async (mode) => {
    chmodSync(at('p.json'), mode);
    expectRefused(await apply(['p.json']), /the plan p\.json is not trusted: other users can write it/);
  });

  it('that another user owns', async () => {
    chownSync(at('p.json'), 4242, 4242);
    expectRefused(await apply(['p.json']), /it belongs to another user \(uid 4242\)/);
    chownSync(at('p.json'), 0, 0);
  });

  it('in a folder where others can put another one, also behind a link', async () => {
    mkdirSync(at('open/in'), { recursive: true });
    cpSync(at('p.json'), at('open/in/p.json'));
    symlinkSync(at('open/in/p.json'), at('link.json'));
    chmodSync(at('open'), 0o777);
    for (const name of ['open/in/p.json', 'link.json'])
      expectRefused(await apply([name]), /other users can write to its folder \S+\/open, and so replace it/);
    chmodSync(at('open'), 0o1777);
    expect((await apply(['open/in/p.json'])).code).toBe(0);
    chownSync(at('open'), 4242, 0);
    expectRefused(await apply(['link.json']), /its folder \S+\/open belongs to another user/);
  });

  it('that is no file', async () => {
    expectRefused(await apply(['home']), /it is not a file/);
  });
});

describe('a digest', () => {
  it('is demanded, and is that of the file', async () => {
    expect((await apply(['p.json', '--digest', digest])).code).toBe(0);
    expect((await apply(['p.json'], { env: { KUBELATCH_DIGEST: digest } })).code).toBe(0);
  });

  it('is not that of a plan that was altered by a byte, and both are told', async () => {
    writeFileSync(at('p.json'), `${text()} `);
    const ran = await apply(['p.json', '--digest', digest]);
    expectRefused(ran, /p\.json has the digest/);
    expect(ran.stderr).toContain(digest);
    expect(ran.stderr).toContain(digestOf(Buffer.from(`${text()} `)));
  });

  it.each(['', 'sha256:', digest.slice(0, -1), digest.toUpperCase(), 'md5:00'])('is malformed: %j', async (bad) => {
    const ran = await apply(['p.json', `--digest=${bad}`]);
    expect(ran.code).toBe(64);
    expect(ran.stderr).toContain('64 hexadecimal digits');
  });

  it('is of a plan, and of nothing else', async () => {
    expectRefused(
      await apply(['--yes', '--digest', digest]),
      /--digest needs a saved plan, but no plan file was given/,
      64,
    );
  });
});

describe('signatures', () => {
  function signed(by: string, file = `${by}.sig`, of = text(), namespace = 'kubelatch-plan'): string {
    const made = execFileSync('ssh-keygen', ['-Y', 'sign', '-n', namespace, '-f', at(by)], {
      input: of,
      stdio: 'pipe',
    });
    writeFileSync(at(file), made);
    return at(file);
  }
  const demanding = (files: readonly string[], ...more: string[]): Promise<Ran> =>
    apply(['p.json', '--signers', 'signers', ...more, ...files.flatMap((file) => ['--signature', file])]);

  it('of one person, of two, and who they are is told', async () => {
    const one = await demanding([signed('alice')]);
    expect(one.code, one.stderr).toBe(0);
    expect(one.stderr).toContain('p.json is signed by alice@x.');
    const two = await demanding([signed('alice'), signed('bob')], '--signatures', '2', '-o', 'json');
    expect(two.stderr).toContain('p.json is signed by alice@x and bob@x.');
    expect(JSON.parse(two.stdout)).toMatchObject({ run: { plan: { digest, signers: ['alice@x', 'bob@x'] } } });
  });

  it('are found beside the plan', async () => {
    cpSync(at('p.json'), at('q.json'));
    expectRefused(await apply(['q.json', '--signers', 'signers']), /q\.json is not signed; 1 person must sign it/);
    signed('alice', 'q.json.sig');
    signed('bob', 'q.json.bob.sig');
    expect((await apply(['q.json', '--signers', 'signers', '--signatures', '2'])).code).toBe(0);
    signed('alice', 'q.json.sig', text('other'));
    expectRefused(
      await apply(['q.json', '--signers', 'signers']),
      /q\.json\.sig is rejected: it does not match this plan/,
    );
  });

  it('are demanded by the environment, of every change', async () => {
    const env = { KUBELATCH_SIGNERS: at('signers') };
    expectRefused(await apply(['p.json'], { env }), /is not signed/);
    expectRefused(
      await apply(['--yes'], { env }),
      /--signers \S+ needs a saved and signed plan, but no plan file was given/,
      64,
    );
    expect((await apply(['p.json', '--signature', signed('bob')], { env })).code).toBe(0);
  });

  it.each<[what: string, files: () => readonly string[], why: RegExp, more?: readonly string[]]>([
    [
      'of one person where two are wanted',
      () => [signed('alice')],
      /only by alice@x; 2 different people/,
      ['--signatures', '2'],
    ],
    [
      'of the same person twice',
      () => [signed('alice'), signed('alice', 'alice2.sig')],
      /only by alice@x; 2 different people/,
      ['--signatures', '2'],
    ],
    ['of somebody unknown', () => [signed('eve')], /eve\.sig is rejected: its key is not among the allowed signers/],
    ['of an expired key', () => [signed('old')], /old\.sig is rejected: its key is not valid now: .*expired/],
    [
      'of a revoked key',
      () => [signed('gone')],
      /gone\.sig is rejected: its key is revoked/,
      ['--revoked-signers', 'revoked'],
    ],
    [
      'made for something else',
      () => [signed('bob', 'bob.sig', text(), 'git')],
      /made for another purpose: sign with -n kubelatch-plan/,
    ],
    ['of another plan', () => [signed('alice', 'alice.sig', text('other'))], /it does not match this plan/],
    ['that is none', () => [place.file('none.sig', 'x\n')], /it is not a readable signature/],
    ['that is not there', () => ['nowhere.sig'], /it is not a readable signature/],
    ['one good and one bad', () => [signed('alice'), signed('eve')], /eve\.sig is rejected/],
  ])('do not count: %s', async (_, files, why, more = []) => {
    expectRefused(await demanding(files(), ...more), why);
  });

  it('do not count once the plan is altered by a byte', async () => {
    const file = signed('alice');
    writeFileSync(at('p.json'), text().replace('lab', 'lac'));
    expectRefused(await demanding([file]), /the plan was changed, or the signature is for another plan/);
  });

  it('are not proved by a file that others can write, or without ssh-keygen', async () => {
    cpSync(at('signers'), at('loose'));
    chmodSync(at('loose'), 0o666);
    expectRefused(
      await apply(['p.json', '--signers', 'loose', '--signature', signed('alice')]),
      /other users can write it/,
    );
    mkdirSync(at('bin'), { recursive: true });
    const ran = await place.kubelatch(
      ['apply', 'p.json', '--no-cluster', '--signers', 'signers', '--signature', signed('alice')],
      { env: { PATH: at('bin') } },
    );
    expectRefused(ran, /ssh-keygen was not found/);
  });

  it('need a file of allowed signers', async () => {
    for (const flags of [
      ['--signatures', '2'],
      ['--signature', 'x'],
      ['--revoked-signers', 'revoked'],
    ])
      expectRefused(await apply(['p.json', ...flags]), /needs a file of allowed signers/, 64);
  });

  it.each(['signers: ./evil', 'digest: x', 'signatures: 1'])('are no matter of a folder: %s', async (line) => {
    place.file('kubelatch.yaml', `${line}\n`);
    const ran = await apply(['p.json']);
    writeFileSync(at('kubelatch.yaml'), '');
    expect(ran.code).toBe(64);
    expect(ran.stderr).toMatch(/kubelatch\.yaml:1: .*not allowed in a folder’s file/);
  });
});

describe('plan --out', () => {
  const plan = (...args: string[]): Promise<Ran> => place.kubelatch(['plan', '--no-cluster', ...args]);

  it('tells the digest, on stderr and in the result, and lets nobody else read or write it', async () => {
    writeFileSync(at('out.json'), '');
    chmodSync(at('out.json'), 0o666);
    const { stdout, stderr } = await plan('--out', 'out.json', '-o', 'json');
    const made = digestOf(readFileSync(at('out.json')));
    expect(stderr).toContain(`Saved out.json, ${made}`);
    expect(JSON.parse(stdout)).toMatchObject({ saved: { path: 'out.json', digest: made } });
    expect((await apply(['out.json', '--digest', made])).code).toBe(0);
  });

  it('signs it where a key is given', async () => {
    await plan('--out', 'signed.json', '--sign', 'alice');
    const ran = await apply(['signed.json', '--signers', 'signers']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('signed by alice@x');
    const bad = await plan('--out', 'signed.json', '--sign', 'nokey');
    expect(bad.code).toBe(64);
    expect(bad.stderr).toContain('--sign nokey: ssh-keygen could not sign');
    expect((await plan('--sign', 'alice')).stderr).toContain('--sign needs a saved plan');
  });
});

it('its result names the playbooks of the plan', async () => {
  writeFileSync(at('p.json'), text().replace('"playbooks":[]', '"playbooks":["cis-1.12","tls"]'));
  const { code, stdout } = await apply(['p.json', '-o', 'json']);
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { kind: 'apply', playbooks: ['cis-1.12', 'tls'] }]);
});
