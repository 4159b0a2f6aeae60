/** The commands that the node's program calls, on a simulated disk. Each acts at once. */
import type { Call, Steps } from '../shell/kernel.js';
import { OpenFile } from '../shell/kernel.js';
import { type Disk, DiskError, type Inode } from './disk.js';
import { lookTools } from './look-tools.js';
import { textTools } from './text-tools.js';
import { type Tool, type ToolContext, parsed, there } from './tool.js';

function sync({ disk, args }: ToolContext): number {
  for (const path of parsed(args).operands) disk.flush(there(disk, path));
  return 0;
}

function mv({ disk, args }: ToolContext): number {
  const { operands, flags } = parsed(args);
  const [from = '', to = ''] = operands;
  const inode = there(disk, from, false);
  const source = disk.parent(from);
  const found = disk.find(to);
  if (found?.kind === 'folder' && flags.includes('T')) throw new DiskError('cannot overwrite directory');
  const target = found?.kind === 'folder' ? { folder: found, name: source.name } : disk.parent(to);
  if (source.folder === target.folder) disk.rename(source.folder, [source.name, undefined], [target.name, inode]);
  else {
    disk.rename(target.folder, [target.name, inode]);
    disk.rename(source.folder, [source.name, undefined]);
  }
  return 0;
}

/** `cp -a` of one file. */
function cp({ disk, args }: ToolContext): number {
  const [from = '', to = ''] = parsed(args).operands;
  const source = there(disk, from, false);
  const target = disk.find(to, false) ?? disk.create(to, source.kind, source.meta.mode);
  disk.put(target, source.data);
  disk.setMeta(target, source.meta);
  return 0;
}

function rm({ disk, args }: ToolContext): number {
  const { flags, operands } = parsed(args);
  for (const path of operands) {
    const found = disk.find(path, false);
    if (found === undefined) {
      if (flags.includes('f')) continue;
      throw new DiskError(`${path}: No such file or directory`);
    }
    if (found.kind === 'folder' && !flags.includes('r')) throw new DiskError(`${path}: Is a directory`);
    removeTree(disk, path, found);
  }
  return 0;
}

function removeTree(disk: Disk, path: string, inode: Inode): void {
  for (const [name, child] of [...inode.entries]) removeTree(disk, `${path}/${name}`, child);
  const { folder, name } = disk.parent(path);
  disk.rename(folder, [name, undefined]);
}

function mkdir({ disk, args, call }: ToolContext): number {
  const { flags, operands, value } = parsed(args, 'm');
  const mode = value.has('m') ? parseInt(value.get('m') ?? '', 8) : 0o777 & ~call.umask;
  for (const path of operands) {
    if (flags.includes('p')) disk.folders(path, mode);
    else if (disk.find(path) !== undefined) throw new DiskError(`${path}: File exists`);
    else disk.create(path, 'folder', mode);
  }
  return 0;
}

function rmdir({ disk, args }: ToolContext): number {
  for (const path of parsed(args).operands) {
    const found = there(disk, path);
    if (found.entries.size > 0) throw new DiskError('Directory not empty');
    const { folder, name } = disk.parent(path);
    disk.rename(folder, [name, undefined]);
  }
  return 0;
}

function chown({ disk, args }: ToolContext): number {
  const [ids = '', path = ''] = parsed(args).operands;
  const [uid = 0, gid = 0] = ids.split(':').map(Number);
  disk.setMeta(there(disk, path), { uid, gid });
  return 0;
}

function chmod({ disk, args }: ToolContext): number {
  const [mode = '', path = ''] = parsed(args).operands;
  disk.setMeta(there(disk, path), { mode: parseInt(mode, 8) });
  return 0;
}

function ln({ disk, args }: ToolContext): number {
  const { flags, operands } = parsed(args);
  const [target = '', path = ''] = operands;
  if (flags.includes('s')) {
    const link = disk.inode('link', 0o777);
    link.data = target;
    const { folder, name } = disk.parent(path);
    disk.rename(folder, [name, link]);
    return 0;
  }
  const inode = there(disk, target, false);
  const { folder, name } = disk.parent(path);
  if (folder.entries.has(name)) throw new DiskError('File exists');
  disk.rename(folder, [name, inode]);
  return 0;
}

/** `touch -c -r FILE FILE`: the time that it has, to see whether the disk can be written. */
const touch: Tool = ({ disk, args }) => {
  there(disk, parsed(args, 'r').operands[0] ?? '');
  return 0;
};

const tools: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ...Object.entries({ sync, mv, cp, rm, mkdir, rmdir, chown, chmod, ln, touch }),
  ...lookTools,
  ...textTools,
]);

export const isTool = (name: string): boolean => tools.has(name);

/** Runs a tool that takes no time. */
export function* runTool(disk: Disk, call: Call): Steps {
  const [name = '', ...args] = call.argv;
  const complain = (why: string): number => {
    call.files.get(2)?.put(`${name}: ${why}\n`);
    return 1;
  };
  const input = call.files.get(0) ?? new OpenFile('');
  const output = call.files.get(1);
  try {
    return (
      tools.get(name)?.({
        ...{ disk, call, args, fails: complain },
        input: () => input.rest(),
        out: (text) => output?.put(text),
      }) ?? 127
    );
  } catch (error) {
    if (error instanceof DiskError) return complain(error.message);
    throw error;
  }
  // A generator like those of commands that wait.
  yield* [];
}
