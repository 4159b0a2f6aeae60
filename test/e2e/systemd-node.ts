/** Asks the systemd of a lab node what it makes of many services: all are written, loaded and started at once. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Reading, gatherAnswer, unreadable } from '../../src/facts/gather.js';
import { parseFacts } from '../../src/facts/parse.js';
import type { NodeFacts, ProbeRequest } from '../../src/facts/node-facts.js';
import { type Result, ok } from '../../src/lib/result.js';
import type { HostError } from '../../src/ssh/errors.js';
import type { Session } from '../../src/ssh/session.js';
import type { ServiceText } from '../facts/service-texts/service-text.js';
import type { Started } from '../facts/service-texts/verdict.js';
import type { Lab } from '../lab/lab.js';
import type { RunOptions } from '../lab/node-access.js';

/** One case with its own unit, its texts ready to be written. */
export interface PlacedService {
  readonly name: string;
  readonly unit: string;
  readonly files: Readonly<Record<string, string | Buffer>>;
  readonly folders: readonly string[];
  readonly links: Readonly<Record<string, string>>;
}

export const base = '/run/kubelatch-texts';
const program = `${base}/program`;
/** Where units are. */
const unitFolders = ['/run/systemd/system', '/etc/systemd/system', '/etc/default'];

/** It runs no other program: services may have any PATH. */
const programText = `#!/bin/sh
IFS= read -r group </proc/self/cgroup
if [ $# -eq 0 ]; then
  : >"${base}/out/\${group##*/}.args"
else
  printf '%s\\0' "$@" >"${base}/out/\${group##*/}.args"
fi
pwd >"${base}/out/\${group##*/}.cwd"
`;

export function placed(one: ServiceText, index: number): PlacedService {
  const prefix = `kt-${String(index).padStart(3, '0')}`;
  const own: Readonly<Record<string, string>> = {
    n: `${prefix}.service`,
    p: prefix,
    u: `/run/systemd/system/${prefix}.service`,
    d: `${base}/${prefix}`,
    x: program,
  };
  const fill = (text: string): string => text.replace(/~([npudx])~/g, (_, key: string) => own[key] ?? '');
  const within = (folder: string, path: string): string =>
    /^(\/|~[ud]~)/.test(path) ? fill(path) : `${folder}/${fill(path)}`;
  const files: Record<string, string> = { [fill('~u~')]: fill(one.unit) };
  for (const [path, text] of Object.entries(one.dropIns ?? {})) files[within(fill('~u~.d'), path)] = fill(text);
  for (const [path, text] of Object.entries(one.files ?? {})) files[within(fill('~d~'), path)] = fill(text);
  const links = Object.entries(one.links ?? {}).map(([path, target]) => [fill(path), fill(target)] as const);
  return {
    name: one.name,
    unit: fill(one.asked ?? '~n~'),
    files,
    folders: [fill('~d~'), ...(one.folders ?? []).map((path) => within(fill('~d~'), path))],
    links: Object.fromEntries(links),
  };
}

export async function must(lab: Lab, node: string, script: string, options: RunOptions = {}): Promise<string> {
  const done = await lab.on(node, script, options);
  if (done.code !== 0) throw new Error(`on ${node}: exit ${done.code}: ${done.stderr.slice(-500)}`);
  return done.stdout;
}

export async function install(lab: Lab, node: string, services: readonly PlacedService[]): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'kubelatch-texts-'));
  try {
    const write = (path: string, text: string | Buffer, mode = 0o644): void => {
      mkdirSync(dirname(root + path), { recursive: true });
      writeFileSync(root + path, text, { mode });
    };
    write(program, programText, 0o755);
    mkdirSync(`${root}${base}/out`);
    for (const { files, folders, links } of services) {
      for (const folder of folders) mkdirSync(root + folder, { recursive: true });
      for (const [path, text] of Object.entries(files)) write(path, text);
      for (const [path, target] of Object.entries(links)) {
        mkdirSync(dirname(root + path), { recursive: true });
        symlinkSync(target, root + path);
      }
    }
    const tar = spawnSync('tar', ['-C', root, '-cz', '.'], { maxBuffer: 64 * 1024 * 1024 });
    const unpack = 'base64 -d | tar -xz --no-overwrite-dir -C / && systemctl daemon-reload';
    await must(lab, node, unpack, { stdin: tar.stdout.toString('base64') });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** What the program itself reads of the node, by its own probe; `more` says what besides the units. */
export async function factsOf(
  lab: Lab,
  node: string,
  services: readonly PlacedService[],
  more: Partial<ProbeRequest> = {},
): Promise<NodeFacts> {
  const session: Session = {
    name: node,
    async run(script, args) {
      const quoted = args.map((one) => `'${one.replaceAll("'", `'\\''`)}'`).join(' ');
      const { code, stdout, stderr } = await lab.on(node, `set -- ${quoted}\n${script}`, { timeout: 180_000 });
      return ok({ code, signal: undefined, stdout: Buffer.from(stdout), stderr, took: 0 });
    },
    open: () => Promise.reject(new Error('no stream is needed')),
    close: () => Promise.resolve(),
  };
  const nothing = { processes: [], read: [], look: [], folders: [], readReferences: [], lookReferences: [] };
  const units = services.map((one) => one.unit);
  const request = { ...nothing, programs: [], starters: [], accounts: [], roots: [], units, ...more };
  const read = (answer: Buffer): Promise<Result<Reading & { readonly facts: NodeFacts }, HostError>> => {
    const facts = parseFacts(answer.toString('utf8'));
    return Promise.resolve(
      facts.ok ? ok({ root: true, files: [], folders: [], facts: facts.value }) : unreadable(facts.error),
    );
  };
  const gathered = await gatherAnswer(session, request, read, 180_000);
  if (!gathered.ok) throw new Error(gathered.error.message);
  return gathered.value.reading.facts;
}

/** Starts all and waits until nothing starts any more; programs that stay are read where they run. */
export async function start(
  lab: Lab,
  node: string,
  services: readonly PlacedService[],
): Promise<ReadonlyMap<string, Started>> {
  const units = services.map((one) => `'${one.unit}'`).join(' ');
  const script = `cd ${base}/out
systemctl start --no-block -- ${units} 2>/dev/null
for i in $(seq 300); do
  [ -n "$(systemctl list-jobs --no-legend 'kt-*')" ] || pgrep -x program >/dev/null || break
  sleep 0.1
done
systemctl show -p Id -p MainPID -- ${units} | while IFS= read -r line; do
  case $line in
    MainPID=*) pid=\${line#MainPID=} ;;
    Id=*) id=\${line#Id=} ;;
    '')
      [ "$pid" = 0 ] || { cat "/proc/$pid/cmdline" >"$id.whole" && readlink "/proc/$pid/cwd" >"$id.cwd" && kill "$pid"; }
      ;;
  esac
done
tar -cz . | base64 -w0`;
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-texts-'));
  try {
    spawnSync('tar', ['-C', folder, '-xz'], { input: Buffer.from(await must(lab, node, script), 'base64') });
    return readOutput(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readOutput(folder: string): ReadonlyMap<string, Started> {
  const found = new Map<string, Started>();
  for (const file of readdirSync(folder)) {
    const [, unit, kind] = /^(.*)\.(args|whole)$/.exec(file) ?? [];
    if (unit === undefined) continue;
    // Bytes that are no text stay what they are.
    const words = readFileSync(join(folder, file), 'latin1').split('\0').slice(0, -1);
    const texts = words.map((word) => Buffer.from(word, 'latin1').toString('utf8'));
    const cwd = readFileSync(join(folder, `${unit}.cwd`), 'utf8').trimEnd();
    found.set(unit, { arguments: kind === 'whole' ? texts : [program, ...texts], folder: cwd });
  }
  return found;
}

export async function remove(lab: Lab, node: string): Promise<void> {
  const folders = unitFolders.map((folder) => `${folder}/kt-* ${folder}/alias-kt-*`).join(' ');
  await must(
    lab,
    node,
    `systemctl stop 'kt-*'; rm -rf ${base} ${folders}; systemctl daemon-reload; systemctl reset-failed 'kt-*'`,
  );
}
