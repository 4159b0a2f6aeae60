/** Has nodes' words understood in other threads, each question under a limit of time and memory: a hostile answer costs its host alone. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { unreadable } from '../facts/gather.js';
import { computed, monotonic } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { invocation } from '../lib/next-command.js';
import type { Result } from '../lib/result.js';
import { oneLine } from '../lib/sanitize.js';
import { shippedModule } from '../lib/shipped-file.js';
import type { HostError } from '../ssh/errors.js';
import { type SentReply, createNearEnd } from './examine-wire.js';
import type { Question, Questions, Replies } from './examine.js';

export interface Examiner {
  ask<K extends keyof Questions>(question: K, of: Questions[K]): Promise<Result<Replies[K], HostError>>;
  /** Ends the threads; never rejects. */
  close(): Promise<void>;
}

export interface ExaminerLimits {
  /** Milliseconds of computing for one question. A large node takes a few dozen. */
  readonly computing: number;
  /** Milliseconds for one question by the clock, where the machine is too busy to compute. */
  readonly longest: number;
  /** MiB that one thread may use: a hundred times what a node's answer takes. */
  readonly memory: number;
  /** MiB of that for what is new: a large part would only put off the collection of garbage. */
  readonly young: number;
  readonly threads: number;
}

const limitsOfNodes: ExaminerLimits = { computing: 10_000, longest: 60_000, memory: 512, young: 12, threads: 4 };

interface Asked {
  readonly question: Question;
  /** What the process had computed when it was asked, in milliseconds. */
  readonly computedBefore: number;
  readonly settle: (reply: Result<Replies[keyof Replies], HostError>) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly line: ReturnType<typeof createNearEnd>;
  asked: Asked | undefined;
  /** What the process had computed when it was asked that, in milliseconds. */
  computedBefore: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Another thread costs as much as 100 good answers, and 40 MB. It is started if the process has computed for so many milliseconds
 * while every thread was at one question, or while a question waits. A machine that is busy with other work is no reason.
 */
const longQuestion = 3_000;
const longWait = 10_000;
/** Milliseconds between two looks at whether that is so. */
const lookEvery = 1_000;

/** Threads are started as questions come and wait, and again after one had to be ended. `program` is what they run, its place or its text. */
export function createExaminer(
  program: URL | string = shippedModule('pipeline/examine-worker.js'),
  limits: ExaminerLimits = limitsOfNodes,
): Examiner {
  const most = Math.min(limits.threads, availableParallelism());
  const threads = new Set<Thread>();
  const waiting: Asked[] = [];

  const end = (thread: Thread, why: string): void => {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.timer);
    void thread.worker.terminate();
    thread.asked?.settle(unreadable(why));
    go();
  };
  const start = (): Thread => {
    const thread = startThread(program, limits, { replied: () => go(), ended: (why) => end(thread, why) });
    threads.add(thread);
    return thread;
  };
  const put = (thread: Thread, asked: Asked): void => {
    thread.asked = asked;
    thread.computedBefore = recentlyComputed();
    endAtLimits(thread, limits, (why) => end(thread, why));
    try {
      thread.worker.postMessage(thread.line.pack(asked.question));
    } catch (error) {
      end(thread, `the probe's answer could not be passed to a thread (${oneLine(messageOf(error), 120)})`);
    }
  };
  let again: NodeJS.Timeout | undefined;
  function go(): void {
    clearTimeout(again);
    for (let [next] = waiting; next !== undefined; [next] = waiting) {
      const idle = [...threads].find((one) => one.asked === undefined);
      const free = idle ?? (threads.size < most && isHelpNeeded(threads, next) ? start() : undefined);
      if (free === undefined) {
        if (threads.size < most) again = setTimeout(go, lookEvery);
        return;
      }
      waiting.shift();
      put(free, next);
    }
  }

  return {
    ask: (question, of) =>
      new Promise((resolve) => {
        waiting.push({
          question: { question, of } as Question,
          computedBefore: recentlyComputed(),
          settle: resolve as Asked['settle'],
        });
        go();
      }),
    async close() {
      const all = [...threads];
      threads.clear();
      clearTimeout(again);
      for (const { timer } of all) clearTimeout(timer);
      await Promise.all(all.map(({ worker }) => worker.terminate()));
    },
  };
}

interface Watch {
  /** The thread has replied to its question, and is idle. */
  readonly replied: () => void;
  readonly ended: (why: string) => void;
}

function startThread(
  program: URL | string,
  { memory, young }: Pick<ExaminerLimits, 'memory' | 'young'>,
  { replied, ended }: Watch,
): Thread {
  const worker = new Worker(program, {
    eval: typeof program === 'string',
    workerData: invocation(),
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: young },
  });
  const thread: Thread = {
    worker,
    line: createNearEnd(),
    asked: undefined,
    computedBefore: 0,
    timer: undefined,
  };
  worker.unref();
  worker.on('message', (reply: SentReply) => {
    clearTimeout(thread.timer);
    const { asked } = thread;
    thread.asked = undefined;
    asked?.settle(thread.line.unpack(reply));
    replied();
  });
  worker.on('error', (error) => ended(whyEnded(error, memory)));
  worker.on('exit', () => ended("the thread that processed the probe's answer ended unexpectedly"));
  return thread;
}

function isHelpNeeded(threads: ReadonlySet<Thread>, next: Asked): boolean {
  const now = recentlyComputed();
  const areStuck = [...threads].every(({ computedBefore }) => now - computedBefore >= longQuestion);
  return areStuck || now - next.computedBefore >= longWait;
}

let counted = { at: -Infinity, computed: 0 };

/** To half a second: the system adds up all threads each time. */
function recentlyComputed(): number {
  if (monotonic() - counted.at > 500) counted = { at: monotonic(), computed: computed() };
  return counted.computed;
}

/**
 * Calls `end` with a sentence once the limits are reached. What the process computes counts, and not only what goes by: a good
 * host is not lost because its thread has not had its turn.
 */
function endAtLimits(thread: Thread, { computing, longest }: ExaminerLimits, end: (why: string) => void): void {
  const began = { at: monotonic(), computed: recentlyComputed() };
  const look = (): void => {
    const gone = monotonic() - began.at;
    const left = Math.min(computing - (computed() - began.computed), longest - gone);
    if (left > 0) thread.timer = setTimeout(look, left);
    else end(`the probe's answer was not processed within ${Math.round(gone / 100) / 10} s`);
  };
  thread.timer = setTimeout(look, computing);
}

const whyEnded = (error: Error, memory: number): string =>
  (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? `the probe's answer needs more than ${memory} MiB of memory`
    : `the probe's answer could not be processed (${oneLine(error.message, 120)})`;
