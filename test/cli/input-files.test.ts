/** Inventory, playbook, saved plan and kubelatch.yaml: what is wrong in them is told with file and line, exit 64. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { closedPort, inventoryOf, openPlace, type Place, type Ran } from './program.js';

const place = openPlace();
let port: number;
beforeAll(async () => {
  port = await closedPort();
});

const refused = ({ code, stdout }: Ran): unknown => expect({ code, stdout }).toEqual({ code: 64, stdout: '' });

describe('the inventory', () => {
  it('is not there', async () => {
    const ran = await place.kubelatch(['audit']);
    refused(ran);
    expect(ran.stderr).toContain('./inventory.yaml: no such file');
    expect(ran.stderr).toContain('to make one: kubelatch init; if it is somewhere else, name it with -i FILE');
  });

  it('has mistakes: each with file, line and the nearest word', async () => {
    place.file(
      'bad.yaml',
      'cluster: { name: lab }\nssh: { usr: root }\ngroups:\n  w: { role: wrker, hosts: { n1: {} } }\n',
    );
    const ran = await place.kubelatch(['audit', '-i', 'bad.yaml']);
    refused(ran);
    expect(ran.stderr).toMatch(/bad\.yaml:2: .*"usr", did you mean "user"\?/);
    expect(ran.stderr).toMatch(/bad\.yaml:4: .*did you mean "worker"\?/);
  });

  it('is no YAML', async () => {
    place.file('broken.yaml', 'cluster:\n  name: lab\n name: x\n');
    const ran = await place.kubelatch(['plan', '-i', 'broken.yaml']);
    refused(ran);
    expect(ran.stderr).toMatch(/broken\.yaml:3: /);
  });

  it('comes from stdin', async () => {
    const ran = await place.kubelatch(['inventory', '-i', '-'], { stdin: inventoryOf(port) });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^NAME +ADDRESS/);
    expect(ran.stdout).toMatch(/^n1 +127\.0\.0\.1 +worker/m);
  });

  it('is printed as JSON', async () => {
    place.file('good.yaml', inventoryOf(port));
    const { code, stdout } = await place.kubelatch(['inventory', '-i', 'good.yaml', '-o', 'json']);
    const { hosts } = JSON.parse(stdout) as { hosts: { host: string; ssh: { port: number } }[] };
    expect({ code, hosts: hosts.map((host) => [host.host, host.ssh.port]) }).toEqual({
      code: 0,
      hosts: [['n1', port]],
    });
  });

  it('has no host that --limit leaves', async () => {
    place.file('good.yaml', inventoryOf(port));
    refused(await place.kubelatch(['audit', '-i', 'good.yaml', '--exclude', 'n1']));
    const ran = await place.kubelatch(['audit', '-i', 'good.yaml', '--limit', 'workerz']);
    refused(ran);
    expect(ran.stderr).toMatch(/did you mean "workers"\?/i);
  });
});

describe('a kubeconfig that kubectl cannot read', () => {
  const inHome = 'home/.config/kubelatch/config.yaml';
  const check = async (inventory: string, flags: readonly string[] = [], env = {}): Promise<string> => {
    place.file('kubectl', '#!/bin/sh\necho "error: stat /gone: no such file or directory" >&2\nexit 1\n');
    chmodSync(join(place.folder, 'kubectl'), 0o755);
    place.file('prod.yaml', inventoryOf(port).replace('name: lab', `name: lab${inventory}`));
    const args = ['inventory', 'check', '-i', 'prod.yaml', '--kubectl', './kubectl', ...flags];
    const { stdout } = await place.kubelatch(args, { env });
    return stdout.replace(/\s+/g, ' ');
  };

  it('is told with the place that names it', async () => {
    const named = ', kubeconfig: /gone';
    const why = 'the kubeconfig /gone cannot be read (no such file or directory); check';
    expect(await check(named)).toContain(`${why} cluster.kubeconfig in prod.yaml `);
    expect(await check(named, ['--kubeconfig', '/gone'])).toContain(`${why} --kubeconfig `);
    expect(await check('', [], { KUBELATCH_KUBECONFIG: '/gone' })).toContain(`${why} KUBELATCH_KUBECONFIG `);
    expect(await check('', ['--context', 'c'])).toContain(`${why} the kubeconfig of kubectl (KUBECONFIG, or `);
    mkdirSync(join(place.folder, dirname(inHome)), { recursive: true });
    const config = place.file(inHome, 'kubeconfig: /gone\n');
    const said = await check('');
    rmSync(config);
    expect(said).toContain(`${why} kubeconfig in ${config} `);
  });
});

describe('a playbook', () => {
  const audit = (playbook: string): Promise<Ran> => {
    place.file('good.yaml', inventoryOf(port));
    return place.kubelatch(['audit', '-i', 'good.yaml', '-p', playbook]);
  };

  it('has no such name', async () => {
    const ran = await audit('base-line');
    refused(ran);
    expect(ran.stderr).toContain('"base-line"');
    expect(ran.stderr).toContain('baseline');
  });

  it('has a mistake', async () => {
    place.file(
      'mine.yaml',
      `apiVersion: kubelatch.dev/v1
kind: Playbook
metadata: { name: mine, title: Mine, description: My own rules }
rules:
  - id: mine
    title: Mine
    severity: hgih
    setting: readOnlyPort
    want: { equals: 0 }
    why: Because
`,
    );
    const ran = await audit('./mine.yaml');
    refused(ran);
    expect(ran.stderr).toMatch(/mine\.yaml:7: .*did you mean "high"\?/);
  });
});

describe('apply', () => {
  it('refuses without a terminal, --yes or a plan, before anything is read', async () => {
    const ran = await place.kubelatch(['apply', '-i', 'nowhere.yaml']);
    refused(ran);
    expect(ran.stderr).toContain('add --yes to confirm');
    refused(await place.kubelatch(['rollback', '-i', 'nowhere.yaml']));
  });

  it('refuses a plan that is none', async () => {
    place.file('good.yaml', inventoryOf(port));
    place.file('none.plan', '{"schemaVersion":1}');
    const ran = await place.kubelatch(['apply', 'none.plan', '-i', 'good.yaml']);
    refused(ran);
    expect(ran.stderr).toContain('none.plan: not a saved plan: it looks like another JSON file');
    expect(ran.stderr).toContain('make a plan: kubelatch plan --out FILE -i good.yaml');
  });
});

describe('kubelatch.yaml', () => {
  /** The column that --wide or the inventory's name tells which value won. */
  const inventoryName = async (
    own: Place,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const { stdout, stderr } = await own.kubelatch(['inventory', '-o', 'json', ...args], { env });
    if (stdout === '') return stderr;
    return (JSON.parse(stdout) as { cluster: string }).cluster;
  };
  const named = (name: string): string => inventoryOf(22).replace('name: lab', `name: ${name}`);

  it('gives way to the environment, and that to flags', async () => {
    for (const name of ['default', 'file', 'environment', 'flag']) place.file(`${name}.yaml`, named(name));
    place.file('inventory.yaml', named('default'));
    const env = { KUBELATCH_INVENTORY: 'environment.yaml' };
    expect(await inventoryName(place, [], {})).toBe('default');
    place.file('kubelatch.yaml', 'inventory: file.yaml\nwaves: 1,100%\nplaybook: [baseline, tls]\n');
    expect(await inventoryName(place, [], {})).toBe('file');
    expect(await inventoryName(place, [], env)).toBe('environment');
    expect(await inventoryName(place, ['-i', 'flag.yaml'], env)).toBe('flag');
  });

  it('is refused where it cannot hold, as a flag is, whichever source has which half', async () => {
    place.file('inventory.yaml', named('default'));
    place.file('kubelatch.yaml', 'waves: 10%,5%\n');
    const waves = await place.kubelatch(['plan']);
    expect([waves.code, waves.stderr]).toEqual([64, expect.stringContaining('5% comes after 10%')]);
    place.file('kubelatch.yaml', '');
    mkdirSync(join(place.folder, 'own', 'kubelatch'), { recursive: true });
    place.file('own/kubelatch/config.yaml', 'settle: 5m\n');
    const env = { KUBELATCH_DEADLINE: '1m', XDG_CONFIG_HOME: join(place.folder, 'own') };
    const deadline = await place.kubelatch(['apply', '--yes'], { env });
    expect([deadline.code, deadline.stderr]).toEqual([64, expect.stringContaining('--deadline 1m is too short')]);
  });

  it.each([
    'kubectl: ./evil.sh',
    'yes: true',
    'host-keys: accept-new',
    'log-file: x',
    'output-file: x',
    'kubeconfig: k',
  ])('takes no %j from a folder', async (line) => {
    place.file('kubelatch.yaml', `limit: n1\n${line}\n`);
    const ran = await place.kubelatch(['inventory']);
    refused(ran);
    expect(ran.stderr).toContain(`kubelatch.yaml:2: ${line.replace(/:.*/, '')}: not allowed in a folder’s file`);
    expect(ran.stderr).toContain('/kubelatch/config.yaml');
  });

  it('is told once, and ignored where others can write it', async () => {
    const path = place.file('kubelatch.yaml', 'inventory: file.yaml\n');
    expect((await place.kubelatch(['inventory'])).stderr).toBe('kubelatch: using ./kubelatch.yaml\n');
    chmodSync(path, 0o666);
    const { stderr } = await place.kubelatch(['inventory']);
    chmodSync(path, 0o644);
    expect(stderr).toBe('kubelatch: ignoring ./kubelatch.yaml: other users can write it (mode 0666)\n');
  });

  it.each([
    ['inventory: x.yaml\nlimitt: n1\n', /kubelatch\.yaml:2: limitt: unknown key, did you mean "limit"\?/],
    ['# mine\n\nforks: many\n', /kubelatch\.yaml:3: forks: must be a number from 1 to 99999/],
    ['output: jsn\n', /kubelatch\.yaml:1: output: must be one of .*, did you mean "json"\?/],
    ['quiet: maybe\n', /kubelatch\.yaml:1: quiet: must be true or false/],
    ['limit: { a: b }\n', /kubelatch\.yaml:1: limit: must be a string or a number/],
    ['- a\n', /kubelatch\.yaml:1: must be a mapping of flags to values/],
    ['limit: [\n', /kubelatch\.yaml:\d: /],
    ['password: x\n', /kubelatch\.yaml:1: password: unknown key/],
  ])('%j', async (text, said) => {
    place.file('kubelatch.yaml', text);
    const ran = await place.kubelatch(['inventory']);
    refused(ran);
    expect(ran.stderr).toMatch(said);
  });

  it.each([
    [{ KUBELATCH_FORKS: 'many' }, 'KUBELATCH_FORKS'],
    [{ KUBELATCH_OUTPUT: 'jsn' }, 'KUBELATCH_OUTPUT'],
    [{ KUBELATCH_QUIET: 'perhaps' }, 'KUBELATCH_QUIET: must be true or false, not "perhaps"'],
  ])('the environment %j', async (env, said) => {
    place.file('kubelatch.yaml', '');
    const ran = await place.kubelatch(['inventory'], { env });
    refused(ran);
    expect(ran.stderr).toContain(said);
  });

  it('switches of the environment count: --yes by KUBELATCH_YES', async () => {
    place.file('kubelatch.yaml', '');
    const apply = (yes: string): Promise<Ran> =>
      place.kubelatch(['apply', '-i', 'nowhere.yaml'], { env: { KUBELATCH_YES: yes } });
    expect((await apply('true')).stderr).toContain('nowhere.yaml: no such file');
    expect((await apply('false')).stderr).toContain('add --yes');
  });
});
