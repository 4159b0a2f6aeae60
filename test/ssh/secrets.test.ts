/** Who is asked, how often, and who waits. */
import { describe, expect, it } from 'vitest';
import { createLender, isPasswordRound } from '../../src/ssh/secrets.js';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function asker(...answers: (string | null)[]): { ask: () => Promise<string | null>; asked: () => number } {
  let asked = 0;
  return { ask: () => Promise.resolve(answers[asked++] ?? null), asked: () => asked };
}

describe('a lender', () => {
  it('lets others wait for the verdict on an unproven password, then shares it', async () => {
    const lender = createLender();
    const { ask, asked } = asker('pw');
    const first = await lender.borrow('sudo ops', ask);
    let second: string | undefined;
    const waiting = lender.borrow('sudo ops', ask).then((loan) => (second = loan?.value));
    await turn();
    expect(second).toBeUndefined();
    first?.accepted();
    await waiting;
    expect(second).toBe('pw');
    expect((await lender.borrow('sudo ops', ask))?.value).toBe('pw');
    expect(asked()).toBe(1);
  });

  it('asks again after a refusal, once, and keeps keys apart', async () => {
    const lender = createLender();
    const { ask, asked } = asker('bad', 'good', 'other');
    const first = await lender.borrow('a', ask);
    const waiting = [lender.borrow('a', ask), lender.borrow('a', ask)];
    first?.refused();
    const second = await waiting[0];
    expect(second?.value).toBe('good');
    second?.accepted();
    expect((await waiting[1])?.value).toBe('good');
    expect((await lender.borrow('b', ask))?.value).toBe('other');
    expect(asked()).toBe(3);
  });

  it('forgets an unproven password, but not one that was right elsewhere', async () => {
    const lender = createLender();
    const { ask, asked } = asker('one', 'two');
    (await lender.borrow('a', ask))?.unproven();
    const again = await lender.borrow('a', ask);
    expect(again?.value).toBe('two');
    again?.accepted();
    (await lender.borrow('a', ask))?.unproven();
    expect((await lender.borrow('a', ask))?.value).toBe('two');
    expect(asked()).toBe(2);
  });

  it('remembers that nobody can be asked, and lets no one wait', async () => {
    const lender = createLender();
    const { ask, asked } = asker(null);
    expect(await Promise.all([lender.borrow('a', ask), lender.borrow('a', ask)])).toEqual([null, null]);
    expect(await lender.borrow('a', ask)).toBeNull();
    expect(asked()).toBe(1);
  });

  it('does not hang when the question itself fails', async () => {
    const lender = createLender();
    await expect(lender.borrow('a', () => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
    expect((await lender.borrow('a', () => Promise.resolve('x')))?.value).toBe('x');
  });

  it('an old loan that is refused late does not take away a newer password', async () => {
    const lender = createLender();
    const { ask } = asker('old', 'new');
    const old = await lender.borrow('a', ask);
    old?.accepted();
    const stale = await lender.borrow('a', ask);
    (await lender.borrow('a', ask))?.refused();
    (await lender.borrow('a', ask))?.accepted();
    stale?.refused();
    expect((await lender.borrow('a', ask))?.value).toBe('new');
  });
});

describe('isPasswordRound', () => {
  it.each([
    [[{ prompt: 'Password: ', echo: false }], true],
    [[{ prompt: "ops@node1's password:", echo: false }], true],
    [[{ prompt: 'Password: ', echo: true }], false],
    [[{ prompt: 'Verification code: ', echo: false }], false],
    [
      [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code: ', echo: false },
      ],
      false,
    ],
    [[], false],
  ])('%j: %s', (prompts, want) => {
    expect(isPasswordRound(prompts)).toBe(want);
  });
});
