/** Fetches a node's facts: one run of the probe, and a second one only if the first names files that it could not know in advance. */
import { oneLine } from '../lib/sanitize.js';
import { type Result, fail, ok } from '../lib/result.js';
import { fileCap } from './parse-files.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { ProbeRequest } from './node-facts.js';

/** Limit on the probe's whole answer, in bytes. */
const answerCap = 8 * 1024 * 1024;

/** What the first answer says about a second request. */
export interface Reading {
  /** The probe ran as root. */
  readonly root: boolean;
  /** Files that are needed but missing from the answer. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/**
 * Fetches the probe's raw answer. `read` extracts what is needed here. If it names further files or folders, a second run
 * fetches everything.
 * @param deadline milliseconds per run
 */
export async function gatherAnswer<R extends Reading>(
  session: Session,
  request: ProbeRequest,
  read: (answer: Buffer) => Promise<Result<R, HostError>>,
  deadline: number,
): Promise<Result<{ readonly answer: Buffer; readonly reading: R }, HostError>> {
  const first = await probeAndRead(session, request, read, deadline);
  if (!first.ok) return first;
  const isPlain = (path: string): boolean => /^\/[^\s]*$/.test(path);
  const files = first.value.reading.files.filter(isPlain).slice(0, maxMissing);
  const folders = first.value.reading.folders
    .filter((path) => !request.folders.includes(path) && isPlain(path))
    .slice(0, maxMissing);
  if (files.length === 0 && folders.length === 0) return first;
  const whole = { ...request, read: [...request.read, ...files], folders: [...request.folders, ...folders] };
  return probeAndRead(session, whole, read, deadline);
}

/** Limit on files or folders that a second run requests. No node needs nearly as many, and command lines are limited. */
const maxMissing = 200;

async function probeAndRead<R extends Reading>(
  session: Session,
  request: ProbeRequest,
  read: (answer: Buffer) => Promise<Result<R, HostError>>,
  deadline: number,
): Promise<Result<{ readonly answer: Buffer; readonly reading: R }, HostError>> {
  const answer = await probe(session, request, deadline);
  if (!answer.ok) return answer;
  const reading = await read(answer.value);
  if (!reading.ok) return reading;
  return reading.value.root ? ok({ answer: answer.value, reading: reading.value }) : notRoot;
}

/** What to do where the login user is not root and sudo is not used. */
export const becomeHint = 'set ssh.become: sudo for this host in the inventory, or log in as root';

const notRoot: Result<never, HostError> = fail({
  kind: 'sudo',
  message: 'kubelatch needs root on this host, and the login user is not root',
  hint: becomeHint,
});

async function probe(session: Session, request: ProbeRequest, deadline: number): Promise<Result<Buffer, HostError>> {
  const args = [
    request.units,
    request.processes,
    request.read,
    request.look,
    request.folders,
    request.readReferences,
    request.lookReferences,
    request.programs,
    request.starters,
    request.accounts,
    [String(fileCap)],
    request.roots,
  ].map((words) => words.join(' '));
  const ran = await session.run(script('probe'), args, { deadline, maxBytes: answerCap });
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  if (code !== 0) {
    const said = oneLine(stderr);
    return unreadable(`the probe failed with exit status ${code ?? 'none'}${said === '' ? '' : `: ${said}`}`);
  }
  return ok(stdout);
}

/** The error for an answer that cannot be used. */
export const unreadable = (message: string): Result<never, HostError> =>
  fail({
    kind: 'script',
    message,
    hint: 'run again with -v for details; the shell or the tools of the node may be incompatible',
  });
