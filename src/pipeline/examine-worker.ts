/** The other thread: answers one question at a time, and may be ended in the middle of one. */
import { parentPort, workerData } from 'node:worker_threads';
import { unreadable } from '../facts/gather.js';
import { messageOf } from '../lib/errors.js';
import { type Invocation, rememberInvocation } from '../lib/next-command.js';
import { oneLine } from '../lib/sanitize.js';
import { type Question, examine } from './examine.js';

// Texts of this thread suggest commands, too.
rememberInvocation(workerData as Invocation);

parentPort?.on('message', (question: Question) => {
  const reply = examine(question);
  try {
    parentPort?.postMessage(reply);
  } catch (error) {
    parentPort?.postMessage(
      unreadable(`the probe's answer could not be processed (${oneLine(messageOf(error), 120)})`),
    );
  }
});
