/** One file's change as the plan shows it and the node makes it. */
import { createTwoFilesPatch } from 'diff';
import type { FileStat, NodeFacts } from '../facts/node-facts.js';

export interface FileState {
  /** Undefined where the content is not read: only mode and owner change. */
  readonly sha256?: string | undefined;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
}

export interface FileEdit {
  /** Where the bytes lie: the end of a symbolic link. */
  readonly path: string;
  readonly action: 'create' | 'edit' | 'mode';
  /** Null for a file that does not exist yet. */
  readonly before: FileState | null;
  readonly after: FileState;
  /** The new content; undefined for `mode`. */
  readonly text?: string | undefined;
  /** One line in words where mode or owner change; then, but for `mode`, a unified diff. */
  readonly diff: string;
}

/** The edits that lead from one set of facts to the other. */
export function editsBetween(before: NodeFacts, after: NodeFacts): FileEdit[] {
  const edits: FileEdit[] = [];
  for (const [name, file] of after.files) {
    if (file.kind !== 'file') continue;
    const old = before.files.get(name);
    if (old === file) continue;
    const oldFile = old?.kind === 'file' ? old : undefined;
    const path = file.linkTarget ?? name;
    const text = file.content?.toString('utf8');
    const oldText = oldFile?.content?.toString('utf8');
    const states = { before: oldFile === undefined ? null : stateOf(oldFile), after: stateOf(file) };
    if (text !== undefined && text !== oldText) {
      const diff = createTwoFilesPatch(oldFile === undefined ? '/dev/null' : path, path, oldText ?? '', text, '', '', {
        context: 3,
      });
      edits.push({
        path,
        action: oldFile === undefined ? 'create' : 'edit',
        ...states,
        text,
        diff: (metaChange(path, oldFile, file) ?? '') + diff.replace(/^(Index:.*\n)?=+\n/, ''),
      });
    } else {
      const diff = metaChange(path, oldFile, file);
      if (diff !== undefined) edits.push({ path, action: 'mode', ...states, diff });
    }
  }
  return edits;
}

/** One line; undefined where mode and owner stay, and for a file that is new. */
function metaChange(path: string, old: FileStat | undefined, now: FileStat): string | undefined {
  if (old === undefined || (old.mode === now.mode && old.owner === now.owner)) return undefined;
  return `${path}: mode ${old.mode} -> ${now.mode}, owner ${old.owner} -> ${now.owner}\n`;
}

const stateOf = ({ sha256, mode, uid, gid, owner }: FileStat): FileState => ({ sha256, mode, uid, gid, owner });
