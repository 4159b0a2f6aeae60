/** What a thread is not sent twice, and what it does not send twice, comes to the same. */
import { expect, it } from 'vitest';
import type { Finding } from '../../src/playbook/assess.js';
import type { Playbook } from '../../src/playbook/schema.js';
import type { Examined, Question } from '../../src/pipeline/examine.js';
import { type SentReply, createFarEnd, createNearEnd } from '../../src/pipeline/examine-wire.js';

const finding = (rule: string, got: unknown): Finding => ({ rule, got, status: 'fail' }) as unknown as Finding;
const replyOf = (...findings: Finding[]) => ({
  ok: true as const,
  value: { draft: { host: { host: 'n1', findings } }, owners: [] } as unknown as Examined,
});
const book = { name: 'mine' } as unknown as Playbook;
const judge = (playbooks: readonly Playbook[], answer = Buffer.from('a')): Question =>
  ({
    question: 'judge',
    of: { answer, host: {}, asked: {}, goal: { playbooks, plan: undefined } },
  }) as unknown as Question;

/** Both ends, with what goes between them as it comes from another thread. */
function line() {
  const [near, far] = [createNearEnd(), createFarEnd()];
  return {
    ...{ near, far },
    there: (question: Question) => far.unpack(structuredClone(near.pack(question))),
    send: (reply: ReturnType<typeof replyOf>): SentReply => structuredClone(far.pack(reply)),
    back: (reply: ReturnType<typeof replyOf>) => near.unpack(structuredClone(far.pack(reply))),
  };
}

it('sends playbooks once, and others when they change', () => {
  const { near, far } = line();
  const books = [book];
  const sent = [near.pack(judge(books)), near.pack(judge(books)), near.pack(judge([])), near.pack(judge(books))];
  expect(sent.map((one) => one.samePlaybooks)).toEqual([false, true, false, false]);
  const playbooks = sent.map((one) => {
    const { question, of } = far.unpack(structuredClone(one));
    return question === 'judge' ? of.goal.playbooks : undefined;
  });
  expect(playbooks).toEqual([[book], [book], [], [book]]);
});

it('sends a finding once, and hosts share it', () => {
  const { send, near } = line();
  const findings = [finding('a', true), finding('b', undefined)];
  const [first, second] = [send(replyOf(...findings)), send(replyOf(...findings, finding('a', false)))];
  expect(second.findings).toEqual([0, 1, { number: 2, finding: finding('a', false) }]);
  const [one, other] = [near.unpack(first), near.unpack(second)];
  expect(one).toEqual(replyOf(...findings));
  expect(other).toEqual(replyOf(...findings, finding('a', false)));
});

it('takes findings for the same only if every value is', () => {
  const { back } = line();
  const values = [null, undefined, NaN, -0, 0, '0', [undefined], [null], {}];
  for (const got of [...values, ...values]) {
    const reply = back(replyOf(finding('a', got)));
    expect(reply).toEqual(replyOf(finding('a', got)));
    const [found] = reply.ok && 'draft' in reply.value ? reply.value.draft.host.findings : [];
    expect(Object.is(found?.got, got) || typeof got === 'object').toBe(true);
  }
});

it('keeps no more than a limit, and sends the rest whole', () => {
  const { send, near } = line();
  const large = (at: number): Finding => finding('a', `${at}${'x'.repeat(1024 * 1024)}`);
  for (const at of [1, 2, 3, 4, 5]) near.unpack(send(replyOf(large(at))));
  expect(send(replyOf(large(1))).findings).toEqual([0]);
  expect(send(replyOf(large(5))).findings).toEqual([{ number: undefined, finding: large(5) }]);
});

it('never passes over a finding that it does not have', () => {
  const { send, near, far } = line();
  send(replyOf(finding('a', 1)));
  expect(near.unpack(send(replyOf(finding('a', 1))))).toMatchObject({ ok: false, error: { kind: 'script' } });
  far.forget();
  expect(near.unpack(send(replyOf(finding('a', 1))))).toEqual(replyOf(finding('a', 1)));
});

it('remembers what was made of an answer until its last question, unless it is large', () => {
  const { near, far } = line();
  const read = (answer: Buffer): Question => ({ question: 'read', of: { answer } });
  const [small, large] = [Buffer.from('a'), Buffer.alloc(300 * 1024)];
  const first = far.understandingOf(near.pack(read(small)));
  expect(far.understandingOf(near.pack(read(small)))).toBe(first);
  expect(far.understandingOf(near.pack(judge([], small)))).toBe(first);
  expect(far.understandingOf(near.pack(read(small)))).not.toBe(first);
  expect(far.understandingOf(near.pack(read(large)))).not.toBe(far.understandingOf(near.pack(read(large))));
});
