// A thread that does what it is asked in the question's name of a host: answers, throws, never ends, eats memory, leaves.
import { parentPort, threadId } from 'node:worker_threads';

const deeds = {
  throws: () => {
    throw new Error('a fault\u001b[2J of the thread');
  },
  loops: () => {
    for (;;);
  },
  sleeps: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
  // Waits longer than the limit on computing, without computing, and then answers.
  dawdles: () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
    return { ok: true, value: 'dawdles' };
  },
  eats: () => {
    const all = [];
    for (;;) all.push(new Array(1000).fill(all.length));
  },
  leaves: () => process.exit(0),
  who: () => ({ ok: true, value: threadId }),
};

parentPort.on('message', ({ asked }) => {
  const text = Buffer.from(asked.of.answer).toString();
  const deed = deeds[text];
  parentPort.postMessage({ reply: deed === undefined ? { ok: true, value: text } : deed() });
});
