/** stdout is the result alone, stderr the rest; signals, closed pipes, colours. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { closedPort, inventoryOf, main, openPlace, silentPort } from './program.js';

const place = openPlace();
beforeAll(async () => {
  place.file('inventory.yaml', inventoryOf(await closedPort()));
});

interface Audit {
  readonly schemaVersion: number;
  readonly hosts: readonly {
    readonly name: string;
    readonly status: string;
    readonly error?: { readonly hint: string };
  }[];
  readonly summary: { readonly hosts: number; readonly judged: number };
}

describe('an audit of a host that cannot be reached', () => {
  it('-o json: valid JSON on stdout, progress on stderr, exit 3', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['audit', '-o', 'json']);
    const { schemaVersion, hosts, summary } = JSON.parse(stdout) as Audit;
    expect({ code, schemaVersion }).toEqual({ code: 3, schemaVersion: 1 });
    expect(summary).toMatchObject({ hosts: 1, judged: 0 });
    expect(hosts).toMatchObject([{ name: 'n1', status: 'unreachable' }]);
    expect(hosts[0]?.error?.hint).toMatch(/\w/);
    expect(stderr).toContain('n1: unreachable: nothing listens on 127.0.0.1:');
  });

  it('-q: stderr has failures only', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['audit', '-q']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^! n1: unreachable: .*\n$/);
    expect(stdout).toContain('1 host not judged');
  });

  it('-o ndjson: every line is an object with its time and event', async () => {
    const { code, stdout } = await place.kubelatch(['audit', '-o', 'ndjson']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(3);
    expect(lines.map((line) => line['event'])).toEqual(expect.arrayContaining(['unreachable', 'summary']));
    for (const line of lines) expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('--output-file: the result there, stdout empty', async () => {
    const { code, stdout } = await place.kubelatch(['audit', '-o', 'json', '--output-file', 'result.json']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    const written = JSON.parse(readFileSync(join(place.folder, 'result.json'), 'utf8')) as Audit;
    expect(written.summary.hosts).toBe(1);
  });

  it('--output-file that cannot be written: an error, not a lost result with exit 0', async () => {
    const { code, stderr } = await place.kubelatch(['audit', '--output-file', 'no/such/folder']);
    expect(code).toBe(64);
    expect(stderr).toContain('--output-file no/such/folder');
  });

  it('--log-file: JSON lines that only their owner may read', async () => {
    await place.kubelatch(['audit', '--log-file', 'events.log']);
    const path = join(place.folder, 'events.log');
    const events = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map((one) => one.event)).toContain('unreachable');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('plan: exit 3 too; --fail-on does not hide it', async () => {
    expect((await place.kubelatch(['plan', '--detailed-exitcode'])).code).toBe(3);
    expect((await place.kubelatch(['audit', '--fail-on', 'low'])).code).toBe(3);
  });

  it('inventory check: exit 3, a line with what to do', async () => {
    const { code, stdout } = await place.kubelatch(['inventory', 'check']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^! n1: nothing listens .*\n {2}\S/);
  });

  it.each([
    ['runs', 'backups'],
    ['uninstall', '--yes'],
  ])('%s %s: exit 3, and the host is told', async (...args) => {
    const { code, stdout } = await place.kubelatch(args);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^! n1: .*nothing listens on 127\.0\.0\.1:/m);
    const { hosts } = JSON.parse((await place.kubelatch([...args, '-o', 'json'])).stdout) as { hosts: unknown[] };
    expect(hosts).toMatchObject([{ name: 'n1' }]);
  });

  it('uninstall: nobody to ask is exit 64', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['uninstall']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('nobody can be asked here');
  });

  it('apply --yes: exit 3, no run is written', async () => {
    expect((await place.kubelatch(['apply', '--yes'])).code).toBe(3);
    expect((await place.kubelatch(['runs'])).stderr).toBe('No run yet.\n');
  });
});

describe('colours', () => {
  const coloured = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> => {
    const { stdout, stderr } = await place.kubelatch(['explain', 'anonymous-auth', ...args], { env });
    expect(stderr).toBe('');
    return stdout.includes('\u001b[');
  };

  it.each([
    ['not without a terminal', [], {}, false],
    ['by --color=always', ['--color', 'always'], {}, true],
    ['by KUBELATCH_COLOR', [], { KUBELATCH_COLOR: 'always' }, true],
    ['by FORCE_COLOR', [], { FORCE_COLOR: '1' }, true],
    ['not with NO_COLOR, whatever FORCE_COLOR says', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['not by --color=never', ['--color', 'never'], { FORCE_COLOR: '1' }, false],
  ] as const)('%s', async (_, args, env, wanted) => {
    expect(await coloured(args, env)).toBe(wanted);
  });
});

describe('a reader that goes away', () => {
  it('is no error, and nobody hears of it', async () => {
    const { code, stderr } = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn('sh', ['-c', '"$@" -o json | exec 0<&-; exit 0', 'sh', process.execPath, main, 'inventory'], {
        cwd: place.folder,
      });
      let text = '';
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      child.on('close', (status) => resolve({ code: status, stderr: text }));
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('a signal', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends an audit that waits for a silent host at once', async (signal, wanted) => {
    const silent = await silentPort();
    place.file('silent.yaml', inventoryOf(silent.port));
    let sent = false;
    const { code } = await place.kubelatch(['audit', '-i', 'silent.yaml', '--timeout', '10m'], {
      watch: (stderr, end) => {
        if (sent || !stderr.includes('n1: connecting')) return;
        sent = true;
        end(signal);
      },
    });
    await silent.close();
    expect(code).toBe(wanted);
  });
});

it.each([
  ['an audit', ['audit', '-o', 'json']],
  ['a verb that may change nodes', ['resume', '-o', 'json', '--yes']],
])('%s whose result finds no room is no success', (_what, args) => {
  const ran = spawnSync('sh', ['-c', 'exec "$0" "$@" >/dev/full', process.execPath, main, ...args], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], HOME: join(place.folder, 'home') },
    encoding: 'utf8',
  });
  expect([ran.status, ran.stderr]).toEqual([
    1,
    expect.stringContaining('the result could not be written: ENOSPC') as string,
  ]);
});
