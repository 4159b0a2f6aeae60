/** What strace tells of processes. */
import { expect, it } from 'vitest';
import { readTrace } from './trace.js';

const trace = `100 execve("/bin/sh", ["sh", "probe.sh"], 0x7ffd /* 12 vars */) = 0
100 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 101
101 execve("/usr/local/bin/sed", ["sed"], 0x55 /* 12 vars */) = -1 ENOENT (No such file or directory)
101 execve("/usr/bin/sed", ["sed", "-n"], 0x55 /* 12 vars */ <unfinished ...>
100 vfork( <unfinished ...>
101 <... execve resumed>)                = 0
100 <... vfork resumed>)                 = 102
102 execve("/usr/bin/sed", ["sed"], 0x55 /* 12 vars */) = 0
102 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 103
102 clone3({flags=CLONE_VM, exit_signal=0}, 88) = -1 ENOSYS (Function not implemented)
102 +++ exited with 0 +++
`;

it('counts processes, not threads and not what failed', () => {
  expect(readTrace(trace)).toEqual({
    processes: 2,
    programs: [
      ['sed', 2],
      ['sh', 1],
    ],
  });
});
