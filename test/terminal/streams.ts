/** A terminal made of streams: what is typed goes in, what is shown is kept. */
import { PassThrough } from 'node:stream';

export interface FakeTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly type: (keys: string) => void;
  readonly shown: () => string;
  /** Resolves once `text` was shown. */
  readonly waitFor: (text: string) => Promise<void>;
}

export function fakeTerminal(): FakeTerminal {
  const input = new PassThrough();
  const stream = new PassThrough();
  // Like the process's own streams, it outlives whoever is piped into it.
  const output = Object.assign(stream, { columns: 80, rows: 24, isTTY: true, end: () => stream });
  let seen = '';
  output.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  return {
    stdin: input as unknown as NodeJS.ReadStream,
    stderr: output as unknown as NodeJS.WriteStream,
    type: (keys) => void input.write(keys),
    shown: () => seen,
    async waitFor(text) {
      while (!seen.includes(text)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}
