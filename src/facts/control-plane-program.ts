/** The command line of an API server or a controller manager on a node, as far as it concerns kubelets. Pure. */
import { posix } from 'node:path';
import { readYaml } from '../lib/yaml-source.js';
import { type NodeFacts, textOf } from './node-facts.js';

export interface ControlPlaneProgram {
  readonly name: 'kube-apiserver' | 'kube-controller-manager';
  /** Where it was read, such as the path of a manifest. */
  readonly source: string;
  /** Its words, without those that concern something else. */
  readonly argv: readonly string[];
}

/** Flags that concern kubelets. All others stay on the node: some hold secrets. */
const wanted =
  /^--(kubelet-certificate-authority|controllers|cluster-signing-(kubelet-serving-)?(cert-file|key-file)|cluster-signing-duration)(=|$)/;

/** The words of the command line that concern kubelets, `--flag value` written as `--flag=value`. */
function kubeletFlags(argv: readonly string[]): readonly string[] {
  return argv.flatMap((word, index) => {
    if (!wanted.test(word)) return [];
    return [word.includes('=') ? word : `${word}=${argv[index + 1] ?? ''}`];
  });
}

/** The value of a flag; the last one counts. Undefined if it is not given. */
export function lastFlag(argv: readonly string[], name: string): string | undefined {
  const words = kubeletFlags(argv).filter((word) => word.startsWith(`--${name}=`));
  return words.at(-1)?.slice(name.length + 3);
}

const names = ['kube-apiserver', 'kube-controller-manager'] as const;

/** systemd units that run them, where no static pods do. */
export const controlPlaneUnits = names.map((name) => `${name}.service`);

/** Their manifests in the kubelet's folder of static pods. */
export const controlPlaneManifests = names.map((name) => `/etc/kubernetes/manifests/${name}.yaml`);

/** From the manifests of static pods, and from the processes of their units. Empty on a node without a control plane. */
export function controlPlanePrograms(facts: NodeFacts): readonly ControlPlaneProgram[] {
  const inManifests = controlPlaneManifests.flatMap((path) => {
    const text = textOf(facts, path);
    return text === undefined ? [] : manifestCommands(path, text).flatMap((argv) => programOf(argv, path));
  });
  const running = facts.units
    .filter(({ name, mainPid }) => controlPlaneUnits.includes(name) && mainPid > 0)
    .flatMap(({ name, mainPid }) => {
      const process = facts.processes.find(({ pid }) => pid === mainPid);
      return process === undefined ? [] : programOf(process.argv, name);
    });
  return [...inManifests, ...running];
}

function programOf(argv: readonly string[], source: string): readonly ControlPlaneProgram[] {
  const name = names.find((one) => argv.some((word) => posix.basename(word) === one));
  return name === undefined ? [] : [{ name, source, argv: kubeletFlags(argv) }];
}

/** The words of each container; a manifest that cannot be read has none. */
function manifestCommands(path: string, text: string): readonly (readonly string[])[] {
  const manifest = readYaml(path, text, '1.1').value as Manifest | undefined;
  const containers = manifest?.spec?.containers;
  return (Array.isArray(containers) ? containers : []).map((container: Container | null) =>
    [container?.command, container?.args]
      .flatMap((words) => (Array.isArray(words) ? (words as unknown[]) : []))
      .filter((word) => typeof word === 'string'),
  );
}

interface Container {
  readonly command?: unknown;
  readonly args?: unknown;
}
interface Manifest {
  readonly spec?: { readonly containers?: unknown };
}
