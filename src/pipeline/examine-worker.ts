/** The other thread: answers one question at a time, and may be ended in the middle of one. */
import { parentPort, workerData } from 'node:worker_threads';
import { unreadable } from '../facts/gather.js';
import { messageOf } from '../lib/errors.js';
import { type Invocation, rememberInvocation } from '../lib/next-command.js';
import { oneLine } from '../lib/sanitize.js';
import { examine } from './examine.js';
import { type SentQuestion, type SentReply, createFarEnd } from './examine-wire.js';

// Texts of this thread suggest commands, too.
rememberInvocation(workerData as Invocation);

const line = createFarEnd();

parentPort?.on('message', (sent: SentQuestion) => {
  const reply = examine(line.unpack(sent), line.understandingOf(sent));
  try {
    parentPort?.postMessage(line.pack(reply));
  } catch (error) {
    line.forget();
    const told: SentReply = {
      reply: unreadable(`the probe's answer could not be processed (${oneLine(messageOf(error), 120)})`),
    };
    parentPort?.postMessage(told);
  }
});
