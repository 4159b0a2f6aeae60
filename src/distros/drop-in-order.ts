/** Finds unit drop-ins that override kubelatch's drop-in because they sort after it. */
import { basename } from 'node:path';
import { dropInName, readDropIn } from '../edit/systemd-drop-in.js';
import { type Directive, parseUnitFile } from '../facts/unit-file.js';
import type { KubeletSetup } from '../facts/kubelet-setup.js';
import type { PlannedText, TextChange } from './distro.js';

/**
 * One sentence with the line that wins. Undefined if the change is not kubelatch's drop-in, or if no other drop-in overrides
 * it.
 * @param dropInPaths all drop-ins of the unit, including kubelatch's, in systemd's order
 */
export function overridden(
  change: TextChange,
  dropInPaths: readonly string[],
  read: (path: string) => string | undefined,
): string | undefined {
  if (basename(change.path) !== dropInName || change.text === null) return undefined;
  const { execStart, environment } = readDropIn(change.text);
  const names = environment.map((one) => one.split('=')[0] ?? '');
  for (const path of dropInPaths.slice(dropInPaths.indexOf(change.path) + 1)) {
    for (const one of parseUnitFile(read(path) ?? '')) {
      const what = execStart !== undefined && one.key === 'ExecStart' ? 'ExecStart=' : variableSet(one, names);
      if (one.section !== 'Service' || what === undefined) continue;
      return `${path}:${one.line} overrides ${what}, because it sorts after ${dropInName}. Make the change there by hand, or rename that file`;
    }
  }
  return undefined;
}

/** Notes on what kubelatch's drop-in overrides: later edits of a command or variable in other files have no effect. */
export function pinned({ unit }: KubeletSetup, edits: readonly PlannedText[]): readonly string[] {
  return edits.flatMap(({ path, text }) => {
    if (basename(path) !== dropInName || text === undefined) return [];
    const { execStart, environment } = readDropIn(text);
    const names = environment.map((one) => one.split('=')[0] ?? '');
    const what = [...(execStart === undefined ? [] : ['ExecStart']), ...names].join(' and ');
    const where = unit.fragmentPath ?? unit.name;
    return what === '' ? [] : [`${path} overrides ${what}; edits in ${where} are ignored until it is removed`];
  });
}

function variableSet({ key, value }: Directive, names: readonly string[]): string | undefined {
  if (key !== 'Environment') return undefined;
  if (value.text === '') return names[0];
  return names.find((name) => value.text.includes(`${name}=`));
}
