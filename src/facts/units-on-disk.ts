/** The current files of each unit. systemd reads them at its next daemon-reload, which every change triggers. */
import { basename } from 'node:path';
import { byBytes } from '../lib/lists.js';
import type { FileFact, UnitFact } from './node-facts.js';

/** `listing` has one line per file: the unit's name, a blank, and the path. Folders of higher precedence come first. */
export function withFilesOnDisk(
  units: readonly UnitFact[],
  listing: string,
  files: ReadonlyMap<string, FileFact>,
): UnitFact[] {
  const found = new Map<string, string[]>();
  for (const line of listing.split('\n')) {
    const at = line.indexOf(' ');
    const name = line.slice(0, Math.max(at, 0));
    const paths = found.get(name) ?? [];
    found.set(name, paths);
    if (at > 0) paths.push(line.slice(at + 1));
  }
  return units.map((unit) => onDisk(unit, found.get(unit.name) ?? [], files));
}

function onDisk(unit: UnitFact, paths: readonly string[], files: ReadonlyMap<string, FileFact>): UnitFact {
  if (paths.length === 0 || unit.fragmentPath === undefined) return unit;
  const isDropIn = (path: string): boolean => /\.d\/[^/]*$/.test(path);
  const fragmentPath = paths.find((path) => !isDropIn(path)) ?? unit.fragmentPath;
  const byName = new Map<string, string>();
  for (const path of paths.filter(isDropIn)) if (!byName.has(basename(path))) byName.set(basename(path), path);
  const dropInPaths = [...byName.keys()].sort(byBytes).map((name) => byName.get(name) ?? '');
  // Folders may be links to each other, such as /lib to /usr/lib, and a unit file may be a link to another file.
  const whole = (path: string): string => path.replace(/^\/lib\//, '/usr/lib/');
  const file = files.get(fragmentPath);
  const target = file !== undefined && 'linkTarget' in file ? file.linkTarget : undefined;
  const isSameUnit = [fragmentPath, target ?? fragmentPath].some(
    (path) => whole(path) === whole(unit.fragmentPath ?? ''),
  );
  const isSame = isSameUnit && dropInPaths.map(whole).join('\n') === unit.dropInPaths.map(whole).join('\n');
  if (isSame) return unit;
  return {
    ...unit,
    fragmentPath: isSameUnit ? unit.fragmentPath : fragmentPath,
    dropInPaths,
    needsReload: true,
    asLoaded: undefined,
  };
}
