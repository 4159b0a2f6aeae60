/** Brings a node's facts: one run of the probe, and a second one only for files that the first could not know of. */
import { oneLine } from '../lib/sanitize.js';
import { type Result, fail, ok } from '../lib/result.js';
import { script } from '../node/scripts.js';
import type { HostError } from '../ssh/errors.js';
import type { Session } from '../ssh/session.js';
import type { NodeFacts, ProbeRequest } from './node-facts.js';
import { parseFacts } from './parse.js';

/** Bytes of one file that are read, and of the probe's whole answer. */
const fileCap = 256 * 1024;
const answerCap = 8 * 1024 * 1024;

/**
 * Reads a node. `missing` names files and folders that turn out to be needed once the facts are understood; they are read in a second run.
 * @param deadline milliseconds for one run
 */
export async function gatherFacts(
  session: Session,
  request: ProbeRequest,
  missing: (facts: NodeFacts) => { readonly files: readonly string[]; readonly folders: readonly string[] },
  deadline: number,
): Promise<Result<NodeFacts, HostError>> {
  const first = await probe(session, request, deadline);
  if (!first.ok) return first;
  const wanted = missing(first.value);
  const isPlain = (path: string): boolean => /^\/[^\s]*$/.test(path);
  const files = wanted.files.filter((path) => !first.value.files.has(path) && isPlain(path));
  const folders = wanted.folders.filter((path) => !request.folders.includes(path) && isPlain(path));
  if (files.length === 0 && folders.length === 0) return first;
  return probe(
    session,
    { ...request, read: [...request.read, ...files], folders: [...request.folders, ...folders] },
    deadline,
  );
}

async function probe(session: Session, request: ProbeRequest, deadline: number): Promise<Result<NodeFacts, HostError>> {
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
  ].map((words) => words.join(' '));
  const ran = await session.run(script('probe'), [...args, String(fileCap)], { deadline, maxBytes: answerCap });
  if (!ran.ok) return ran;
  const { code, stdout, stderr } = ran.value;
  if (code !== 0) {
    const said = oneLine(stderr);
    return unreadable(`the probe ended with status ${code ?? 'none'}${said === '' ? '' : `: ${said}`}`);
  }
  const facts = parseFacts(stdout.toString('utf8'));
  if (!facts.ok) return unreadable(facts.error);
  if (!facts.value.root) {
    return fail({
      kind: 'sudo',
      message: 'the login user is not root',
      hint: 'set ssh.become: sudo for this host, or log in as root',
    });
  }
  return ok(facts.value);
}

const unreadable = (message: string): Result<never, HostError> =>
  fail({ kind: 'script', message, hint: 'run with -v, and look at the node: its shell or its tools may be unusual' });
