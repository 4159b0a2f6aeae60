/** Who is asked for a password, how often, who waits, and whom a refused one is kept from. */
import { describe, expect, it } from 'vitest';
import { createPasswords } from '../../src/ssh/passwords.js';
import type { HostPassword, NoPassword } from '../../src/ssh/passwords.js';
import type { PasswordQuestion } from '../../src/ssh/secrets.js';
import type { Result } from '../../src/lib/result.js';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

type Given = Result<HostPassword, NoPassword>;

/** Passwords of one key, and a person who enters these answers and then nothing. */
function desk(...answers: (string | null)[]) {
  const passwords = createPasswords();
  const questions: (PasswordQuestion & { host: string })[] = [];
  const request = (host: string, key = 'sudo ops'): Promise<Given> =>
    passwords.request({
      ...{ key, host, alone: false },
      ask(question) {
        questions.push({ ...question, host });
        const answer = answers[questions.length - 1];
        return Promise.resolve(answer === undefined ? '' : answer);
      },
    });
  return { passwords, questions, request };
}

function passwordOf(given: Given): HostPassword {
  if (!given.ok) throw new Error(`no password: ${given.error.why}`);
  return given.value;
}
const take = async (given: Promise<Given>): Promise<HostPassword> => passwordOf(await given);

describe('a password', () => {
  it('is asked for once: others wait until one host accepted it', async () => {
    const { request, questions } = desk('pw');
    const first = await take(request('n1'));
    let second: string | undefined;
    const waiting = take(request('n2')).then((password) => (second = password.value));
    await turn();
    expect(second).toBeUndefined();
    first.accepted();
    await waiting;
    expect(second).toBe('pw');
    expect((await take(request('n3'))).value).toBe('pw');
    expect(questions).toEqual([{ host: 'n1', alone: false, refusedBy: undefined, triesLeft: 3 }]);
  });

  it('that is mistyped is asked for again, for the same host if no other waits', async () => {
    const { request, questions } = desk('bad', 'good');
    const second = await take((await take(request('n1'))).refusedOnce());
    expect(second.value).toBe('good');
    second.accepted();
    expect((await take(request('n2'))).value).toBe('good');
    expect(questions.map(({ host, refusedBy, triesLeft }) => [host, refusedBy, triesLeft])).toEqual([
      ['n1', undefined, 3],
      ['n1', 'n1', 2],
    ]);
  });

  it('is tried on the next host that waits, so that one host cannot use up all tries', async () => {
    const { request, questions } = desk('right', 'right', 'own');
    const first = await take(request('n1'));
    const waiting = request('n2');
    const again = first.refusedOnce();
    (await take(waiting)).accepted();
    expect((await take(request('n3'))).value).toBe('right');
    // It refused that one before: it is not given it once more.
    expect((await take(again)).value).toBe('own');
    expect(questions.map(({ host, alone, triesLeft }) => [host, alone, triesLeft])).toEqual([
      ['n1', false, 3],
      ['n2', false, 2],
      ['n1', true, 2],
    ]);
  });

  it('that the next host accepts is given to the first one, too', async () => {
    const { request, questions } = desk('typo', 'right');
    const first = await take(request('n1'));
    const waiting = request('n2');
    const again = first.refusedOnce();
    (await take(waiting)).accepted();
    expect((await take(again)).value).toBe('right');
    expect(questions).toHaveLength(2);
  });

  it('that is wrong three times is asked for no more, and is given to no other host', async () => {
    const { request, questions } = desk('one', 'two', 'three', 'four');
    const second = await take((await take(request('n2'))).refusedOnce());
    const third = await take(second.refusedOnce());
    const others = [request('n3'), request('n4')];
    const refused = { ok: false, error: { why: 'refused', by: 'n2' } };
    expect(await third.refusedOnce()).toEqual(refused);
    expect(await Promise.all([...others, request('n5'), request('n2')])).toEqual([refused, refused, refused, refused]);
    expect(questions.map(({ triesLeft }) => triesLeft)).toEqual([3, 2, 1]);
  });

  it('of one user is not that of another', async () => {
    const { request, questions } = desk('a', 'b');
    (await take(request('n1', 'sudo ops'))).accepted();
    expect((await take(request('n1', 'sudo root'))).value).toBe('b');
    expect(questions).toHaveLength(2);
  });

  it('that cannot be asked for is asked for once, and lets no one wait', async () => {
    for (const [answer, why] of [
      [null, 'no-terminal'],
      ['', 'not-entered'],
    ] as const) {
      const { request, questions } = desk(answer);
      const none = { ok: false, error: { why } };
      expect(await Promise.all([request('n1'), request('n2')])).toEqual([none, none]);
      expect(await request('n3')).toEqual(none);
      expect(questions).toHaveLength(1);
    }
  });

  it('whose question fails lets the next host ask', async () => {
    const { passwords, request } = desk('x');
    const ask = (): Promise<string> => Promise.reject(new Error('closed'));
    const asked = passwords.request({ key: 'sudo ops', host: 'n1', alone: false, ask });
    await expect(asked).rejects.toThrow('closed');
    expect((await take(request('n1'))).value).toBe('x');
  });

  it('that was not sent is there for the next request', async () => {
    const { request, questions } = desk('pw');
    (await take(request('n1'))).unused();
    expect((await take(request('n2'))).value).toBe('pw');
    expect(questions).toHaveLength(1);
  });
});

describe('a result that is unknown', () => {
  it('forgets a password that no host accepted, and counts as a try', async () => {
    const { request, questions } = desk('one', 'two', 'three');
    for (const host of ['n1', 'n2', 'n3']) (await take(request(host))).inconclusive();
    expect(await request('n4')).toEqual({ ok: false, error: { why: 'refused', by: 'n3' } });
    expect(questions.map(({ refusedBy }) => refusedBy)).toEqual([undefined, 'n1', 'n2']);
  });

  it('keeps one that a host accepted', async () => {
    const { request, questions } = desk('pw');
    (await take(request('n1'))).accepted();
    (await take(request('n2'))).inconclusive();
    expect((await take(request('n2'))).value).toBe('pw');
    expect(questions).toHaveLength(1);
  });
});

describe('a host that refuses what another host accepted', () => {
  it('is asked about alone, and keeps its own', async () => {
    const { request, questions } = desk('fleet', 'own', 'fleet');
    (await take(request('n1'))).accepted();
    const own = await take((await take(request('n2'))).refusedOnce());
    own.accepted();
    expect(own.value).toBe('own');
    expect((await take(request('n1'))).value).toBe('fleet');
    expect((await take(request('n2'))).value).toBe('own');
    expect(questions[1]).toEqual({ host: 'n2', alone: true, refusedBy: 'n2', triesLeft: 2 });
  });

  it('keeps it from all further hosts until the user was asked again; its own goes to nobody else', async () => {
    const { request, questions } = desk('fleet', 'own', 'fleet');
    (await take(request('n1'))).accepted();
    (await take((await take(request('n2'))).refusedOnce())).accepted();
    const third = await take(request('n3'));
    expect(questions[2]).toEqual({ host: 'n3', alone: false, refusedBy: 'n2', triesLeft: 3 });
    expect(third.value).toBe('fleet');
    third.accepted();
    expect((await take(request('n4'))).value).toBe('fleet');
    expect(questions).toHaveLength(3);
  });

  it('is given three at most, and the others are not stopped by it', async () => {
    const { request, questions } = desk('fleet', 'two', 'three', 'fleet');
    (await take(request('n1'))).accepted();
    const second = await take((await take(request('n2'))).refusedOnce());
    const third = await take(second.refusedOnce());
    const refused = { ok: false, error: { why: 'refused', by: 'n2' } };
    expect(await third.refusedOnce()).toEqual(refused);
    expect(await request('n2')).toEqual(refused);
    expect((await take(request('n3'))).value).toBe('fleet');
    expect(questions).toHaveLength(4);
  });

  it('is asked about once, however many of its calls run at the same time', async () => {
    const { request, questions } = desk('fleet', 'own');
    (await take(request('n1'))).accepted();
    const calls = await Promise.all([take(request('n2')), take(request('n2'))]);
    const [first, second] = calls.map((call) => call.refusedOnce());
    (await take(first ?? request('n2'))).accepted();
    expect((await take(second ?? request('n2'))).value).toBe('own');
    expect(questions).toHaveLength(2);
  });

  it('is left out alone where nothing is entered for it', async () => {
    const { request } = desk('fleet', '', 'fleet');
    (await take(request('n1'))).accepted();
    expect(await (await take(request('n2'))).refusedOnce()).toEqual({ ok: false, error: { why: 'not-entered' } });
    expect((await take(request('n3'))).value).toBe('fleet');
  });

  it('too late does not take away a newer password', async () => {
    const { request } = desk('old', 'own', 'new');
    (await take(request('n1'))).accepted();
    const stale = await take(request('n4'));
    (await take((await take(request('n2'))).refusedOnce())).accepted();
    (await take(request('n3'))).accepted();
    stale.refused();
    expect((await take(request('n5'))).value).toBe('new');
  });
});
