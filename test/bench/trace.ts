/** Reads what strace tells of processes: how many were started, and which programs they ran. Pure. */

export interface Started {
  /** Processes started, threads left out. */
  readonly processes: number;
  /** Programs by how often they were started, most often first; a process that runs no program of its own is not in it. */
  readonly programs: readonly (readonly [name: string, times: number])[];
}

/** `text`: of strace -f -e trace=clone,clone3,fork,vfork,execve. */
export function readTrace(text: string): Started {
  const times = new Map<string, number>();
  let processes = 0;
  for (const call of wholeCalls(text)) {
    const result = Number(/= (-?\d+)[^=]*$/.exec(call)?.[1] ?? -1);
    if (result < 0) continue;
    const program = /^execve\("([^"]*)"/.exec(call)?.[1];
    if (program === undefined) processes += Number(/^(clone3?|v?fork)\(/.test(call) && !call.includes('CLONE_THREAD'));
    else times.set(nameOf(program), (times.get(nameOf(program)) ?? 0) + 1);
  }
  return { processes, programs: [...times].sort(([, one], [, other]) => other - one) };
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** A call during which another process had its turn is told in two lines. */
function wholeCalls(text: string): string[] {
  const open = new Map<string, string>();
  return text.split('\n').flatMap((line) => {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(call)?.[1];
    if (begun !== undefined) {
      open.set(pid, begun);
      return [];
    }
    const rest = /^<\.\.\. \w+ resumed>(.*)$/.exec(call)?.[1];
    return rest === undefined ? [call] : [`${open.get(pid) ?? ''}${rest}`];
  });
}
