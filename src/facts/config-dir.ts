/** The files that a kubelet reads from its --config-dir folder, in its order. */
import type { FileFact, NodeFacts } from './node-facts.js';

/**
 * Follows filepath.WalkDir (kubernetes cmd/kubelet/app/server.go, mergeKubeletConfigurations): entries of each folder sorted by
 * the bytes of their names, subfolders visited in place. Only files ending in `.conf` count. Links to folders are not followed:
 * a link named `x.conf` is read as a file, and the kubelet does not start.
 */
export function configDirFiles(facts: NodeFacts, folder: string): string[] {
  const inside = folder.endsWith('/') ? folder : `${folder}/`;
  const found = [...facts.files].flatMap(([path, file]) =>
    path.startsWith(inside) && path.endsWith('.conf') && isRead(file) ? [path] : [],
  );
  return found.filter((path) => !isBehindLink(facts, path, inside)).sort(walkOrder);
}

const isRead = (file: FileFact): boolean =>
  file.kind !== 'absent' && (file.kind !== 'folder' || file.linkTarget !== undefined);

/** Sort order of two paths below the same folder. */
export function walkOrder(left: string, right: string): number {
  const [first, second] = [left, right].map((path) => Buffer.from(path.replaceAll('/', '\0')));
  return first === undefined || second === undefined ? 0 : Buffer.compare(first, second);
}

/** Whether a folder on the way is a link. The probe lists files below it, but the kubelet does not go there. */
function isBehindLink(facts: NodeFacts, path: string, inside: string): boolean {
  for (let slash = path.indexOf('/', inside.length); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const between = facts.files.get(path.slice(0, slash));
    if (between?.kind === 'folder' && between.linkTarget !== undefined) return true;
  }
  return false;
}
