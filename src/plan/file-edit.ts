/** One file's change, as the plan shows it and the node makes it. */
import type { FileStat, NodeFacts } from '../facts/node-facts.js';
import { diffAsShown, metaAsShown } from './diff-as-shown.js';

export interface FileState {
  /** Undefined if the content is not read, because only mode and owner change. */
  readonly sha256?: string | undefined;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
}

export interface FileEdit {
  /** The real file: the target of a symbolic link. */
  readonly path: string;
  readonly action: 'create' | 'edit' | 'mode';
  /** Null for a file that does not exist yet. */
  readonly before: FileState | null;
  readonly after: FileState;
  /** The new content. Undefined for `mode`. */
  readonly text?: string | undefined;
  /** The content is the key that the node made for its certificate; it never leaves the node, and no plan holds it. */
  readonly isNodeKey?: true | undefined;
  /** One line if mode or owner change; then, except for `mode`, a unified diff that shows only known values. */
  readonly diff: string;
}

/** The edits that turn one set of facts into the other. */
export function editsBetween(before: NodeFacts, after: NodeFacts, showValues = false): FileEdit[] {
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
    const meta = metaAsShown(path, states.before, states.after);
    if (text !== undefined && text !== oldText) {
      const action = oldFile === undefined ? 'create' : 'edit';
      const diff = meta + diffAsShown(path, oldFile === undefined ? undefined : (oldText ?? ''), text, showValues);
      edits.push({ path, action, ...states, text, diff });
    } else if (meta !== '') {
      edits.push({ path, action: 'mode', ...states, diff: meta });
    }
  }
  return edits;
}

export const stateOf = ({ sha256, mode, uid, gid, owner }: FileStat): FileState => ({ sha256, mode, uid, gid, owner });
