/** Files that a configuration names and without which the kubelet does not start. Pure. */
import { posix } from 'node:path';
import { type ConfigFault, startFault } from './config-file.js';
import { type KubeletSources, settingAt } from './effective-kubelet.js';
import type { Flag } from './kubelet-flags.js';
import type { NodeFacts } from './node-facts.js';

/**
 * The absolute path of a setting that names a file. Undefined if it names none. A relative path in the --config file starts at
 * that file's folder; one in a flag or a drop-in starts at the kubelet's working directory.
 */
export function namedPath(sources: KubeletSources, path: string, workingDirectory: string): string | undefined {
  const setting = settingAt(sources, path);
  if (setting === undefined || typeof setting.value !== 'string' || setting.value === '') return undefined;
  const beside = setting.source.kind === 'file' ? posix.dirname(setting.source.path ?? '/') : workingDirectory;
  return posix.resolve(beside, setting.value);
}

/** Faults for missing certificates and kubeconfigs. */
export function namedFileFaults(facts: NodeFacts, sources: KubeletSources, workingDirectory: string): ConfigFault[] {
  const bootstraps = settingAt(sources, 'serverTLSBootstrap')?.value === true;
  const certificates = bootstraps ? [] : ['tlsCertFile', 'tlsPrivateKeyFile'];
  return [
    ...['authentication.x509.clientCAFile', ...certificates].flatMap((path) => {
      const named = namedPath(sources, path, workingDirectory);
      const source = settingAt(sources, path)?.source;
      if (!isAbsent(facts, named) || source?.path === undefined) return [];
      return [startFault(source, `${path} names ${named}, which does not exist`)];
    }),
    ...kubeconfigFaults(facts, sources, workingDirectory),
  ];
}

const isAbsent = (facts: NodeFacts, path: string | undefined): path is string =>
  path !== undefined && facts.files.get(path)?.kind === 'absent';

/** The kubelet creates a missing kubeconfig from a bootstrap kubeconfig. */
function kubeconfigFaults(facts: NodeFacts, { flags }: KubeletSources, workingDirectory: string): ConfigFault[] {
  const flag = (name: string): Flag | undefined => flags.findLast((one) => one.name === name);
  const whole = (value: string | undefined): string | undefined =>
    value === undefined || value === '' ? undefined : posix.resolve(workingDirectory, value);
  const own = flag('kubeconfig');
  const bootstrap = whole(flag('bootstrap-kubeconfig')?.value);
  const isMadeUpFor = bootstrap !== undefined && !isAbsent(facts, bootstrap);
  if (own === undefined || isMadeUpFor || !isAbsent(facts, whole(own.value))) return [];
  return [startFault(own.origin, `--kubeconfig names ${own.value ?? ''}, which does not exist`)];
}
