/** stdout is the result alone, stderr the rest; signals, closed pipes, colours. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectConforms, expectLinesConform } from '../report/conforms.js';
import { closedPort, inventoryOf, main, openPlace, silentPort } from './program.js';

const place = openPlace();
beforeAll(async () => {
  place.file('inventory.yaml', inventoryOf(await closedPort()));
});

interface Audit {
  readonly schemaVersion: number;
  readonly hosts: readonly {
    readonly host: string;
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
    expect(hosts).toMatchObject([{ host: 'n1', status: 'unreachable' }]);
    expect(hosts[0]?.error?.hint).toMatch(/\w/);
    expect(stderr).toContain('n1: unreachable: nothing listens on 127.0.0.1:');
  });

  it('-q: stderr has failures only', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['audit', '-q']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^\S+Z ! n1: unreachable: .*\n$/);
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
    expect(stdout).toMatch(/^! n1: nothing listens .*\n {4}hint: \S/);
  });

  it.each([
    ['runs', 'backups'],
    ['uninstall', '--yes'],
  ])('%s %s: exit 3, and the host is told', async (...args) => {
    const { code, stdout } = await place.kubelatch(args);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^! n1: .*nothing listens on 127\.0\.0\.1:/m);
    const { hosts } = JSON.parse((await place.kubelatch([...args, '-o', 'json'])).stdout) as { hosts: unknown[] };
    expect(hosts).toMatchObject([{ host: 'n1' }]);
  });

  it('uninstall: nobody to ask is exit 64', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['uninstall']);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain('this needs confirmation, but there is no terminal');
  });

  it('netpol: without the API server nothing can be written', async () => {
    const { code, stdout, stderr } = await place.kubelatch(['netpol', '--namespace', 'shop']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('netpol needs the API server');
    expect((await place.kubelatch(['netpol', '--apply'])).stderr).toContain('this needs confirmation');
    expect((await place.kubelatch(['netpol', '--pod-cidr', 'x'])).stderr).toContain('--pod-cidr x');
  });

  it('apply --yes: exit 3, no run is written', async () => {
    expect((await place.kubelatch(['apply', '--yes'])).code).toBe(3);
    expect((await place.kubelatch(['runs'])).stderr).toBe('No runs yet.\n');
  });
});

describe('-o', () => {
  const json = (text: string): unknown => JSON.parse(text);
  const lines = (text: string): unknown[] => text.trimEnd().split('\n').map(json);

  it('inventory: the hosts in one document, or one a line', async () => {
    const host = { host: 'n1', address: '127.0.0.1', role: 'worker', group: 'workers', ssh: { user: 'nobody' } };
    const whole = json((await place.kubelatch(['inventory', '-o', 'json'])).stdout);
    expect(whole).toMatchObject({ schemaVersion: 1, kind: 'inventory', cluster: 'lab', apiServer: {}, hosts: [host] });
    const each = lines((await place.kubelatch(['inventory', '-o', 'ndjson'])).stdout);
    expect(each).toMatchObject([
      { event: 'inventory-host', ...host },
      { event: 'summary', cluster: 'lab' },
    ]);
  });

  it('inventory check: how each host can be used', async () => {
    const { code, stdout } = await place.kubelatch(['inventory', 'check', '-o', 'json']);
    expect(code).toBe(3);
    expect(json(stdout)).toMatchObject({
      ...{ schemaVersion: 1, kind: 'inventory-check', cluster: 'lab' },
      hosts: [{ host: 'n1', status: 'unreachable', error: { kind: 'refused' } }],
    });
    const each = lines((await place.kubelatch(['inventory', 'check', '-o', 'ndjson'])).stdout);
    expect(each.at(-2)).toMatchObject({ event: 'host-check', host: 'n1', status: 'unreachable' });
  });

  it('inventory check: the API server too, where one is named', async () => {
    const ran = await place.kubelatch(['inventory', 'check', '--kubeconfig', 'none', '-o', 'json']);
    expect(ran.code).toBe(3);
    expect(json(ran.stdout)).toMatchObject({ apiServer: { reached: false, reason: expect.any(String) as string } });
    const off = await place.kubelatch(['inventory', 'check', '--kubeconfig', 'none', '--no-cluster', '-o', 'json']);
    expect(json(off.stdout)).not.toHaveProperty('apiServer');
  });

  it('explain: the rule and the playbooks that hold it', async () => {
    const tree = {
      ...{ schemaVersion: 1, kind: 'rule' },
      rule: {
        id: 'anonymous-auth',
        setting: 'authentication.anonymous.enabled',
        want: { equals: false },
        wantText: 'false',
        set: false,
      },
    };
    const whole = json((await place.kubelatch(['explain', 'anonymous-auth', '-o', 'json'])).stdout);
    expect(whole).toMatchObject({ ...tree, playbooks: expect.arrayContaining(['baseline', 'stig']) as string[] });
    expect(lines((await place.kubelatch(['explain', 'anonymous-auth', '-o', 'ndjson'])).stdout)).toMatchObject([
      { event: 'summary', ...(whole as object) },
    ]);
    const wide = (await place.kubelatch(['explain', 'anonymous-auth', '-o', 'wide'])).stdout;
    expect(wide.split('\n').find((line) => line.startsWith('Why'))?.length).toBeGreaterThan(100);
  });

  it.each(['json', 'ndjson', 'wide', 'table'])('%s is honoured by every verb that takes it', async (output) => {
    const verbs = [
      ...['audit', 'plan', 'apply --yes', 'rollback --yes', 'resume --yes', 'inventory', 'inventory check'],
      ...['runs', 'runs list', 'runs backups', 'uninstall --yes', 'netpol', 'explain anonymous-auth', 'rules'],
    ];
    for (const verb of verbs) {
      const { code, stdout } = await place.kubelatch([...verb.split(' '), '-o', output]);
      if (code === 64 || stdout === '') continue;
      if (output === 'json') expectConforms(stdout);
      else if (output === 'ndjson') expectLinesConform(stdout);
      else expect(() => json(stdout), verb).toThrow();
    }
    // A dozen processes, one after the other.
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
  ['an audit', ['audit', '-o', 'json'], 1],
  // It could not ask a host, and that is its own exit code.
  ['a verb that may change nodes', ['resume', '-o', 'json', '--yes'], 3],
] as const)('%s whose result finds no room is no success', (_what, args, code) => {
  const ran = spawnSync('sh', ['-c', 'exec "$0" "$@" >/dev/full', process.execPath, main, ...args], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'], HOME: join(place.folder, 'home') },
    encoding: 'utf8',
  });
  expect([ran.status, ran.stderr]).toEqual([
    code,
    expect.stringContaining('the result could not be written: no space is left on the disk') as string,
  ]);
});
