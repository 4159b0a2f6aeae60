/** Limits on the edits of a saved plan, checked without the node: their parts must be consistent, and none may grant rights. */
import { posix } from 'node:path';
import { sha256Of } from '../lib/digest.js';
import { diffAsShown, metaAsShown, shownForms } from './diff-as-shown.js';
import type { FileEdit, FileState } from './file-edit.js';

/** Why an edit must not be made, wherever the plan came from. Undefined if it may. */
export function editFault(edit: FileEdit): string | undefined {
  const fault = pathFault(edit.path) ?? rightsFault(edit) ?? contentFault(edit);
  return fault === undefined ? undefined : `${edit.path}: ${fault}`;
}

function pathFault(path: string): string | undefined {
  return posix.normalize(path) === path && !path.endsWith('/') ? undefined : 'the path is not in its normal form';
}

const specialBits = 0o7000;
const worldWritable = 0o002;

function rightsFault({ before, after }: FileEdit): string | undefined {
  const mode = parseInt(after.mode, 8);
  if ((mode & specialBits) !== 0) return `mode ${after.mode} has a setuid, setgid or sticky bit`;
  const added = mode & ~parseInt(before?.mode ?? '0', 8);
  if ((added & worldWritable) !== 0) return `mode ${after.mode} makes the file writable for everyone`;
  return ownerFault(before, after);
}

/** A file must go to root or stay with its owner, and the owner's name must match the number. */
function ownerFault(before: FileState | null, after: FileState): string | undefined {
  const now = namesOf(after);
  const old = before === null ? undefined : namesOf(before);
  const isRoot = { user: after.uid === 0 && now.user === 'root', group: after.gid === 0 && now.group === 'root' };
  const stays = {
    user: before?.uid === after.uid && old?.user === now.user,
    group: before?.gid === after.gid && old?.group === now.group,
  };
  const isFine = (isRoot.user || stays.user) && (isRoot.group || stays.group);
  return isFine
    ? undefined
    : `it would belong to ${after.owner} (${after.uid}:${after.gid}), which is neither root nor its current owner`;
}

function namesOf({ owner }: FileState): { readonly user: string; readonly group: string } {
  const [user = '', group = ''] = owner.split(':');
  return { user, group };
}

/** Users review only the diff, so it must show the whole new text. */
function contentFault({ path, action, before, after, text, diff }: FileEdit): string | undefined {
  const meta = metaAsShown(path, before, after);
  if (text === undefined) {
    if (after.sha256 !== before?.sha256) return 'the edit is marked as a mode change, but it also changes the content';
    return diff === meta && meta !== '' ? undefined : 'the diff does not show the new mode and owner';
  }
  if (after.sha256 !== sha256Of(text)) return 'the text does not match its sha256';
  const isShown =
    action === 'create'
      ? shownForms(path, undefined, text).includes(diff)
      : diff.startsWith(meta) && showsText(diff.slice(meta.length), path, text);
  return isShown ? undefined : 'the diff does not match the text';
}

/** Whether each line that the diff shows of the new file stands at that place in the text. Old lines can only be checked on the node. */
function showsText(diff: string, path: string, text: string): boolean {
  const [head] = diffAsShown(path, '', '-').split('@@');
  if (head === undefined || !diff.startsWith(head)) return false;
  const lines = text.split('\n');
  let at = 0;
  let left = 0;
  for (const line of diff.slice(head.length).split('\n').slice(0, -1)) {
    const [, start, count] = /^@@ -\d+,\d+ \+(\d{1,9}),(\d{1,9}) @@$/.exec(line) ?? [];
    if (start !== undefined) {
      if (left !== 0) return false;
      // A hunk without new lines comes after the line that it names.
      at = Number(start) - (count === '0' ? 0 : 1);
      left = Number(count);
    } else if (line.startsWith('+') || line.startsWith(' ')) {
      if (left === 0 || !isShownAs(lines[at] ?? '', line.slice(1))) return false;
      at += 1;
      left -= 1;
    } else if (!line.startsWith('-') && !line.startsWith('\\')) return false;
  }
  return left === 0;
}

const mask = '***';

/** Whether a shown line equals the real one, except for masked parts. */
function isShownAs(line: string, shown: string): boolean {
  if (line === shown) return true;
  const [first = '', ...parts] = shown.split(mask);
  const last = parts.pop();
  if (last === undefined || !line.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return line.length >= at + last.length && line.endsWith(last);
}
