// Images for pods in the lab, made of this machine's files without a registry, and brought onto nodes.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { sha256Of } from '../../src/lib/digest.js';
import type { Lab } from './lab.js';

const here = import.meta.dirname;
const project = resolve(here, '../..');
const deployed = (name: string): string => readFileSync(join(project, 'deploy', name), 'utf8');

/** What an image says of the containers that are made of it, as an image's `config` has it. */
interface ImageConfig {
  readonly User?: string;
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
}
interface Image {
  /** As containerd lists it, without the registry. */
  readonly name: string;
  readonly config: ImageConfig;
  /** Fills the root file system. */
  readonly fill: (root: string) => void;
}

/** What holds the network of a pod; shapes/every/etc/containerd/config.toml names it. */
const pause: Image = {
  name: 'kubelatch-lab/pause:1',
  config: { Entrypoint: ['/pause'] },
  fill: (root) => void execFileSync('cc', ['-Os', '-static', '-o', join(root, 'pause'), join(here, 'pause.c')]),
};

/** For `--probe-image`: a shell, the tools that pod-probe.sh calls, and curl. */
export const probeImage: Image = {
  name: 'kubelatch-lab/probe:1',
  config: { Env: ['PATH=/usr/bin:/bin'] },
  fill(root) {
    putProgram(root, '/bin/sh', which('dash'));
    for (const name of ['curl', 'sed', 'head']) putProgram(root, `/usr/bin/${name}`, which(name));
  },
};

/** The image of deploy/Dockerfile, which these steps follow; users, environment and entry point are read from it. */
export const cronJobImage = (kubectl: string): Image => ({
  name: /^ +image: (\S+)$/m.exec(deployed('cronjob.yaml'))?.[1] ?? '',
  config: dockerfileConfig(deployed('Dockerfile')),
  fill(root) {
    // As in a Node image: node, a shell and env; then openssh-client.
    putProgram(root, '/usr/local/bin/node', process.execPath);
    putProgram(root, '/bin/sh', which('dash'));
    for (const name of ['env', 'ssh']) putProgram(root, `/usr/bin/${name}`, which(name));
    mkdirSync(join(root, 'etc/ssh'), { recursive: true });
    for (const name of ['passwd', 'group', 'nsswitch.conf']) copyFileSync(`/etc/${name}`, join(root, 'etc', name));
    putProgram(root, '/usr/local/bin/kubectl', realpathSync(kubectl));
    installGlobally(root);
    addUsers(root);
    mkdirSync(join(root, 'tmp'), { mode: 0o1777 });
  },
});

/** `npm install --global` of the packed tarball: its files, its links, and the packages that it needs at run time. */
function installGlobally(root: string): void {
  const modules = join(root, 'usr/local/lib/node_modules');
  const target = join(modules, 'kubelatch');
  mkdirSync(target, { recursive: true });
  const npm = (...args: readonly string[]): string => execFileSync('npm', args, { cwd: project, encoding: 'utf8' });
  const tarball = npm('pack', '--ignore-scripts', '--silent', '--pack-destination', modules).trim();
  execFileSync('tar', ['-xzf', join(modules, tarball), '-C', target, '--strip-components=1']);
  rmSync(join(modules, tarball));
  const needed = npm('ls', '--omit=dev', '--all', '--parseable').trim().split('\n').slice(1);
  for (const path of needed.filter((one) => existsSync(one))) {
    const place = join(target, path.slice(path.indexOf('/node_modules/')));
    mkdirSync(dirname(place), { recursive: true });
    execFileSync('cp', ['-a', '--no-clobber', `${path}/.`, place]);
  }
  const { bin } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as { bin: Record<string, string> };
  for (const [name, file] of Object.entries(bin)) {
    chmodSync(join(target, file), 0o755);
    symlinkSync(`../lib/node_modules/kubelatch/${file}`, join(root, 'usr/local/bin', name));
  }
}

/** Runs the Dockerfile's own line. */
function addUsers(root: string): void {
  const [, line] = /^RUN (groupadd .*)$/m.exec(deployed('Dockerfile')) ?? [];
  if (line === undefined) throw new Error('deploy/Dockerfile adds no user');
  const here = line.replace(/\b(groupadd|useradd)\b/g, `$1 --prefix '${root}'`);
  execFileSync('sh', ['-euc', here], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function dockerfileConfig(text: string): ImageConfig {
  const all = (word: string): string[] =>
    [...text.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
  const last = (word: string): string => all(word).at(-1) ?? '';
  return {
    User: last('USER'),
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...all('ENV')],
    WorkingDir: last('WORKDIR'),
    Entrypoint: JSON.parse(last('ENTRYPOINT')) as string[],
    Cmd: JSON.parse(last('CMD')) as string[],
  };
}

const which = (name: string): string =>
  execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim();

/** Copies a program and the libraries that it is linked with. */
function putProgram(root: string, place: string, program: string): void {
  const put = (to: string, from: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    if (!existsSync(join(root, to))) copyFileSync(realpathSync(from), join(root, to));
    chmodSync(join(root, to), 0o755);
  };
  put(place, program);
  // A program without libraries ends ldd with an error.
  const said = execFileSync('sh', ['-c', 'ldd "$1" 2>/dev/null || :', 'sh', program], { encoding: 'utf8' });
  for (const [library] of said.matchAll(/\/\S+(?= \()/g)) put(library, library);
}

/** The archive of an image, as `docker save` writes it. */
function archiveOf({ name, config, fill }: Image, folder: string): string {
  const root = join(folder, 'root');
  mkdirSync(root, { mode: 0o755 });
  fill(root);
  const layer = join(folder, 'layer.tar');
  execFileSync('tar', ['-C', root, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-cf', layer, '.']);
  rmSync(root, { recursive: true });
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256Of(readFileSync(layer))}`] };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ architecture, os: 'linux', config, rootfs }));
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'image.tar');
  execFileSync('tar', ['-C', folder, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  return archive;
}

/** Makes the images, and the one that each pod needs, and imports them on the nodes. Pods use them without pulling. */
export async function bringImages(lab: Lab, nodes: readonly string[], images: readonly Image[]): Promise<void> {
  for (const image of [pause, ...images]) {
    const folder = mkdtempSync(join(tmpdir(), 'kubelatch-image-'));
    try {
      const archive = archiveOf(image, folder);
      for (const node of nodes) await importOn(lab, node, archive);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function importOn(lab: Lab, node: string, archive: string): Promise<void> {
  const onNode = '/var/tmp/image.tar';
  copyFileSync(archive, join(dirname(lab.kubeconfig), 'nodes', node, 'root', onNode));
  const command = `ctr -n k8s.io images import --snapshotter native ${onNode}; code=$?; rm ${onNode}; exit $code`;
  const done = await lab.on(node, command, { timeout: 120_000 });
  if (done.code !== 0) throw new Error(`${node} does not take the image: ${done.stderr}`);
}
