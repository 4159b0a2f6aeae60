/** What travels between the examiner and a thread: nothing that the other side has goes there again. */
import { serialize } from 'node:v8';
import { unreadable } from '../facts/gather.js';
import type { Result } from '../lib/result.js';
import type { Finding } from '../playbook/assess.js';
import type { Playbook } from '../playbook/schema.js';
import type { HostError } from '../ssh/errors.js';
import type { Examined, Question, Replies, Understanding } from './examine.js';

type Reply = Result<Replies[keyof Replies], HostError>;

/** A question without playbooks that the thread has. It still works where the thread forgot what it made of the answer. */
export interface SentQuestion {
  readonly asked: Question;
  /** The same for all questions about one answer. */
  readonly answerId: number;
  /** The thread is to use the playbooks of the question before. */
  readonly samePlaybooks: boolean;
}

/** A finding that was sent before is its number; one with a number is to be kept. */
type SentFinding = number | { readonly number: number | undefined; readonly finding: Finding };

export interface SentReply {
  readonly reply: Reply;
  /** Undefined: they are in the reply. */
  readonly findings?: readonly SentFinding[] | undefined;
}

let answers = 0;
const answerIds = new WeakMap<Uint8Array, number>();

/** The examiner's end of the line to one thread. */
export function createNearEnd() {
  const kept: Finding[] = [];
  let playbooks: readonly Playbook[] | undefined;
  return {
    pack(asked: Question): SentQuestion {
      const { answer } = asked.of;
      const answerId = answerIds.get(answer) ?? ++answers;
      answerIds.set(answer, answerId);
      if (asked.question !== 'judge') return { asked, answerId, samePlaybooks: false };
      const { goal } = asked.of;
      const samePlaybooks = goal.playbooks === playbooks;
      playbooks = goal.playbooks;
      const sent = samePlaybooks ? { ...asked, of: { ...asked.of, goal: { ...goal, playbooks: [] } } } : asked;
      return { asked: sent, answerId, samePlaybooks };
    },
    /** Hosts with the same finding share it. */
    unpack({ reply, findings }: SentReply): Reply {
      if (findings === undefined) return reply;
      const all = findings.map((one) => {
        if (typeof one === 'number') return kept[one];
        if (one.number !== undefined) kept[one.number] = one.finding;
        return one.finding;
      });
      const known = all.filter((one) => one !== undefined);
      return known.length === all.length ? withFindings(reply, known) : unreadable('findings of the thread were lost');
    },
  };
}

/** Of the text of all findings that are kept: a fleet has a few dozen kinds, a hostile one as many as it likes. */
const mostKept = 4 * 1024 * 1024;
/** Answers, and the bytes of one: a hostile host must not fill the memory of a thread that others use. */
const mostAnswers = 32;
const longestAnswer = 256 * 1024;

/** The thread's end of the line. */
export function createFarEnd() {
  const numbers = new Map<string, number>();
  const understood = new Map<number, Understanding>();
  let playbooks: readonly Playbook[] = [];
  let size = 0;
  const packFinding = (finding: Finding): SentFinding => {
    const text = serialize(finding).toString('latin1');
    const known = numbers.get(text);
    if (known !== undefined) return known;
    if (size + text.length > mostKept) return { number: undefined, finding };
    size += text.length;
    numbers.set(text, numbers.size);
    return { number: numbers.size - 1, finding };
  };
  return {
    unpack({ asked, samePlaybooks }: SentQuestion): Question {
      if (asked.question !== 'judge') return asked;
      if (!samePlaybooks) playbooks = asked.of.goal.playbooks;
      return { ...asked, of: { ...asked.of, goal: { ...asked.of.goal, playbooks } } };
    },
    /** Of the answer that a question is about; it is forgotten with the last question. */
    understandingOf({ asked, answerId }: SentQuestion): Understanding {
      const known = understood.get(answerId) ?? {};
      understood.delete(answerId);
      const isLast = asked.question === 'judge' || asked.question === 'target';
      if (isLast || asked.of.answer.length > longestAnswer) return known;
      for (const [oldest] of understood) if (understood.size >= mostAnswers) understood.delete(oldest);
      understood.set(answerId, known);
      return known;
    },
    /** After a reply that could not be sent: its findings are not there. */
    forget(): void {
      numbers.clear();
      size = 0;
    },
    pack(reply: Reply): SentReply {
      if (!reply.ok || !('draft' in reply.value)) return { reply };
      return { reply: withFindings(reply, []), findings: reply.value.draft.host.findings.map(packFinding) };
    },
  };
}

function withFindings(reply: Reply, findings: readonly Finding[]): Reply {
  if (!reply.ok || !('draft' in reply.value)) return reply;
  const { draft } = reply.value;
  const value: Examined = { ...reply.value, draft: { ...draft, host: { ...draft.host, findings } } };
  return { ok: true, value };
}
