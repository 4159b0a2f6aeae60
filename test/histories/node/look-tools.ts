/** The commands of the node's program that look at files, or read their content. */
import { createHash } from 'node:crypto';
import { DiskError } from './disk.js';
import { type Tool, type ToolContext, parsed, there } from './tool.js';

function stat({ disk, args, call, out }: ToolContext): number {
  const { flags, operands, value } = parsed(args, 'c');
  const format = value.get('c') ?? '';
  for (const path of operands) {
    const fd = /^\/proc\/self\/fd\/(\d+)$/.exec(path)?.[1];
    const inode = fd === undefined ? there(disk, path, flags.includes('L')) : call.files.get(Number(fd))?.inode;
    if (inode === undefined) throw new DiskError('No such file or directory');
    const { meta, id } = inode;
    const words: Readonly<Record<string, string>> = flags.includes('f')
      ? { '%T': 'ext2/ext3', '%c': '1000', '%d': '1000', '%f': '1000' }
      : {
          ...{ '%a': meta.mode.toString(8), '%u': String(meta.uid), '%g': String(meta.gid), '%n': path },
          ...{ '%U': meta.uid === 0 ? 'root' : 'user', '%d': '1', '%i': String(id) },
        };
    out(`${format.replace(/%[a-zA-Z]/g, (word) => words[word] ?? word)}\n`);
  }
  return 0;
}

function readlink({ disk, args, out }: ToolContext): number {
  const { operands } = parsed(args);
  const path = (operands[0] ?? '').replace(/\/+$/, '');
  // The simulated machine has no links among its folders.
  out(`${path === '' ? '/' : path}\n`);
  return disk.find(path === '' ? '/' : path) === undefined && !path.startsWith('/') ? 1 : 0;
}

function ls({ disk, args, out }: ToolContext): number {
  const [path = ''] = parsed(args).operands;
  there(disk, path, false);
  out(`drwxr-xr-x 2 root root 0 ${path}\n`);
  return 0;
}

function cat({ disk, args, input, out }: ToolContext): number {
  const { operands } = parsed(args);
  if (operands.length === 0) out(input());
  for (const path of operands) out(disk.read(path) ?? there(disk, path).data);
  return 0;
}

function dd({ disk, args, call }: ToolContext): number {
  const path = args.find((one) => one.startsWith('of='))?.slice(3) ?? '';
  disk.put(disk.find(path) ?? disk.create(path, 'file', 0o666 & ~call.umask), '\0'.repeat(64));
  return 0;
}

function sha256sum({ disk, args, input, out }: ToolContext): number {
  const sum = (data: string): string => createHash('sha256').update(data, 'latin1').digest('hex');
  const { operands } = parsed(args);
  if (operands.length === 0) out(`${sum(input())}  -\n`);
  for (const path of operands) out(`${sum(there(disk, path).data)}  ${path}\n`);
  return 0;
}

const du: Tool = ({ args, out }) => {
  out(`4\t${parsed(args).operands[0] ?? ''}\n`);
  return 0;
};
const date: Tool = ({ out }) => {
  out('2026-01-01 00:00:00Z\n');
  return 0;
};

export const lookTools: readonly (readonly [string, Tool])[] = Object.entries({
  ...{ stat, readlink, ls, cat, dd, sha256sum, du, date },
});
