/** The command that goes on with a paused run: with the end of the window, and the rollout that was chosen. */
import { expect, it } from 'vitest';
import { invocation, rememberInvocation } from '../../src/lib/next-command.js';
import { goOnCommand } from '../../src/pipeline/go-on.js';

it('repeats a time of day, no date, and what was chosen in a session', () => {
  const before = invocation();
  const settings = [
    { flag: '--waves', words: ['--waves', '2,100%'] },
    { flag: '--until', words: ['--until', '2026-12-01T05:00Z'] },
  ];
  rememberInvocation({ choices: [], settings, flagsOf: { resume: ['--waves', '--until'] } });
  const paused = { isPaused: true };
  const daily = goOnCommand({ window: { endsAt: 0, given: '05:00' } }, paused, 'resume', 'r1');
  const unpaused = goOnCommand({}, { isPaused: false }, 'resume', 'r1');
  const dated = goOnCommand({ window: { endsAt: 0, given: '2026-12-01T05:00Z' } }, paused, 'resume', 'r1');
  rememberInvocation(before);
  expect(dated).toBe('kubelatch resume r1 --waves 2,100%');
  expect(daily).toBe('kubelatch resume r1 --until 05:00 --waves 2,100%');
  expect(unpaused).toBeUndefined();
  expect(goOnCommand({}, paused, 'resume', 'r1')).toBe('kubelatch resume r1');
});
