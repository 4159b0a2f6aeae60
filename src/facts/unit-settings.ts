/** Reads how a service starts from its unit file and drop-ins, in systemd's order, up to the first error. */
import type { SpecifierFacts } from './specifiers.js';
import { lineIndex } from './spanned.js';
import { type ServiceSettings, directives } from './unit-directives.js';
import { readUnitFile } from './unit-file.js';

export function readSettings(
  files: readonly { readonly path: string; readonly text: string; readonly isUnit: boolean }[],
  facts: SpecifierFacts,
): ServiceSettings {
  const settings: ServiceSettings = {
    ...{ commands: [], environment: [], environmentFiles: [], passed: [], removed: [] },
    ...{ directory: undefined, type: 'simple', faults: [], unclear: [] },
  };
  for (const { path, text, isUnit } of files) {
    const read = readUnitFile(text);
    const lineOf = lineIndex(text);
    let stop = read.stop;
    for (const one of read.directives) {
      const handler = one.section === 'Service' ? directives.get(one.key) : undefined;
      const error = handler?.(settings, { ...one, path, lineOf }, facts);
      if (error === undefined) continue;
      stop = { line: one.line, message: `${one.key}=: ${error}` };
      break;
    }
    for (const line of read.unclear) {
      if (stop === undefined || line <= stop.line)
        settings.unclear.push({ path, line, message: 'the line contains bytes that are not text' });
    }
    // An error in a drop-in makes systemd ignore only the rest of that drop-in.
    if (stop !== undefined && isUnit) settings.faults.push({ path, ...stop });
  }
  return settings;
}
