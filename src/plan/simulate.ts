/** A node's facts as they will be once a change is made. Pure. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { FileFact, FileStat, NodeFacts } from '../facts/node-facts.js';
import type { TextChange } from '../distros/distro.js';

export function withText(facts: NodeFacts, unitName: string, change: TextChange): NodeFacts {
  const before = facts.files.get(change.path);
  const file: FileFact =
    change.text === null
      ? { kind: 'absent', path: change.path }
      : newFile(before, change.path, change.text, change.mode);
  const next = { ...facts, files: new Map(facts.files).set(change.path, file) };
  return change.path.includes(`/${unitName}.d/`) ? withDropIn(next, unitName, change.path, change.text !== null) : next;
}

/** `owner` must be one that `idsOf` knows, or the file's own. */
export function withMode(facts: NodeFacts, path: string, mode: string, owner: string): NodeFacts {
  const file = facts.files.get(path);
  if (file === undefined || file.kind === 'absent' || file.kind === 'unreadable') return facts;
  const ids = owner === file.owner ? file : idsOf(facts, owner);
  if (ids === undefined) return facts;
  return { ...facts, files: new Map(facts.files).set(path, { ...file, mode, owner, uid: ids.uid, gid: ids.gid }) };
}

/** The numbers behind `user:group`, by the files that were looked at; root's are the same everywhere. Undefined where they are not known. */
export function idsOf(facts: NodeFacts, owner: string): { readonly uid: number; readonly gid: number } | undefined {
  const [user, group] = owner.split(':');
  const seen = [...facts.files.values()].flatMap((file) =>
    file.kind === 'absent' || file.kind === 'unreadable' ? [] : [{ ...file, names: file.owner.split(':') }],
  );
  const uid = user === 'root' ? 0 : seen.find(({ names }) => names[0] === user)?.uid;
  const gid = group === 'root' ? 0 : seen.find(({ names }) => names[1] === group)?.gid;
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function newFile(before: FileFact | undefined, path: string, text: string, mode = '0600'): FileStat {
  const content = Buffer.from(text, 'utf8');
  const kept: FileStat =
    before !== undefined && before.kind === 'file'
      ? before
      : { kind: 'file', path, mode, uid: 0, gid: 0, owner: 'root:root', size: 0, mtime: 0 };
  return { ...kept, content, size: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** systemd sorts the drop-ins of all folders by file name. */
function withDropIn(facts: NodeFacts, unitName: string, path: string, present: boolean): NodeFacts {
  const units = facts.units.map((unit) => {
    if (unit.name !== unitName) return unit;
    const others = unit.dropInPaths.filter((one) => one !== path);
    const dropInPaths = (present ? [...others, path] : others).sort((left, right) =>
      basename(left) < basename(right) ? -1 : 1,
    );
    return { ...unit, dropInPaths };
  });
  return { ...facts, units };
}
