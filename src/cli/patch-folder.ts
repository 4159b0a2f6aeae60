/** The folder of patches that `persist --to patches` writes: a new file, or the same one again, never over another text. */
import { mkdirSync } from 'node:fs';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { readOwnFile, writeOwnFile } from '../lib/own-file.js';
import type { PersistChange, PersistResult } from '../report/persist-model.js';

/** The result with the paths and what came of them. Throws ToolError `usage` if the folder cannot be made or written. */
export function writePatches(result: PersistResult, folder: string): PersistResult {
  return { ...result, changes: result.changes.map((change) => writtenPatch(change, folder)) };
}

function writtenPatch(change: PersistChange, folder: string): PersistChange {
  const { text } = change;
  if (change.outcome !== 'shown' || text === undefined) return change;
  const target = `${folder.replace(/\/+$/, '')}/${change.target}`;
  try {
    mkdirSync(folder, { recursive: true });
    const old = readOwnFile(target);
    if (old !== undefined && 'text' in old && old.text === text) return { ...change, target, outcome: 'unchanged' };
    if (old !== undefined) {
      const reason = 'fault' in old ? old.fault : 'a file of that name with another text is there';
      const hint = 'compare the two and remove the old one, or give another --folder';
      return { ...change, target, outcome: 'refused', reason, hint };
    }
    writeOwnFile(target, text, 'replace');
    return { ...change, target, outcome: 'written' };
  } catch (error) {
    throw new ToolError('usage', `--folder ${folder}: ${fileErrorOf(error)}`, { cause: error });
  }
}
