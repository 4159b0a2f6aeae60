/** A node's facts as they will be after a change. Pure. */
import { createHash } from 'node:crypto';
import type { FileFact, FileStat, NodeFacts, UnitFact } from '../facts/node-facts.js';
import { unitPaths, withDropIn } from '../facts/unit-command.js';
import type { TextChange } from '../distros/distro.js';

export function withText(facts: NodeFacts, unitName: string, change: TextChange): NodeFacts {
  const before = facts.files.get(change.path);
  const file: FileFact =
    change.text === null
      ? { kind: 'absent', path: change.path }
      : newFile(before, change.path, change.text, change.mode);
  const isDropIn = change.path.includes(`/${unitName}.d/`);
  const units = facts.units.map((unit) => {
    if (unit.name === unitName && isDropIn) return changedDropIns(unit, change.path, change.text !== null);
    return unitPaths(unit).includes(change.path) ? { ...unit, asLoaded: undefined } : unit;
  });
  return { ...facts, units, files: new Map(facts.files).set(change.path, file) };
}

/** `owner` must be known to `idsOf`, or be the file's own. */
export function withMode(facts: NodeFacts, path: string, mode: string, owner: string): NodeFacts {
  const file = facts.files.get(path);
  if (file === undefined || file.kind === 'absent' || file.kind === 'unreadable') return facts;
  const ids = owner === file.owner ? file : idsOf(facts, owner);
  if (ids === undefined) return facts;
  return { ...facts, files: new Map(facts.files).set(path, { ...file, mode, owner, uid: ids.uid, gid: ids.gid }) };
}

/** The uid and gid of `user:group`, from the files that were read. Root's are the same everywhere. Undefined if unknown. */
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
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { ...kept, content, size: content.length, sha256, planned: true };
}

/** After the change, what systemd has loaded no longer matches the unit's files. */
function changedDropIns(unit: UnitFact, path: string, present: boolean): UnitFact {
  const others = unit.dropInPaths.filter((one) => one !== path);
  return { ...unit, asLoaded: undefined, dropInPaths: present ? withDropIn(others, path) : others };
}
