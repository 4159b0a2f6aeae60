/** Debian's Chromium without a window, driven over its debugging pipe: no port, no package. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
/** Undefined where there is no Chromium: test/setup.sh installs it on Debian. */
export const chromium = program;

type Fields = Readonly<Record<string, unknown>>;
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

export interface Page {
  /** Everything that the page or the browser complained of. */
  readonly problems: readonly string[];
  /** Addresses that were asked for, without the page's own. */
  readonly requests: readonly string[];
  send(method: string, params?: Fields): Promise<Fields>;
  /** The value of an expression; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

/** An empty tab of a browser of its own. */
export async function openPage(): Promise<Page> {
  if (program === undefined) throw new Error('there is no Chromium');
  const folder = mkdtempSync(join(tmpdir(), 'kubelatch-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--hide-scrollbars'];
  const child = spawn(
    program,
    [...flags, ...quiet, '--remote-debugging-pipe', `--user-data-dir=${folder}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const pipe = connect(child);
  const { targetInfos } = (await pipe.send('Target.getTargets')) as {
    targetInfos: { type: string; targetId: string }[];
  };
  const target = targetInfos.find(({ type }) => type === 'page');
  const { sessionId } = await pipe.send('Target.attachToTarget', { targetId: target?.targetId, flatten: true });
  const send = (method: string, params: Fields = {}): Promise<Fields> => pipe.send(method, params, String(sessionId));
  const [problems, requests]: [string[], string[]] = [[], []];
  pipe.onEvent((method, params) => {
    if (method === 'Runtime.exceptionThrown' || method === 'Runtime.consoleAPICalled' || method === 'Log.entryAdded')
      problems.push(JSON.stringify(params).slice(0, 400));
    const { url } = (params['request'] ?? {}) as { url?: string };
    if (method === 'Network.requestWillBeSent' && url !== undefined && !/^(file|data):/.test(url)) requests.push(url);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  return {
    problems,
    requests,
    send,
    async evaluate<T>(expression: string) {
      const { result, exceptionDetails } = (await send('Runtime.evaluate', {
        ...{ expression, awaitPromise: true, returnByValue: true },
      })) as { result: { value: T }; exceptionDetails?: unknown };
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails).slice(0, 600));
      return result.value;
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await pipe.send('Browser.close').catch(() => undefined);
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function connect(child: ChildProcess) {
  const [into, out] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, { resolve: (result: Fields) => void; reject: (error: Error) => void }>();
  let listener: (method: string, params: Fields) => void = () => undefined;
  let [last, rest] = [0, ''];
  out.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const { id, method, params = {}, result = {}, error } = JSON.parse(part) as Message;
      if (method !== undefined) listener(method, params);
      const one = id === undefined ? undefined : waiting.get(id);
      if (error !== undefined) one?.reject(new Error(error.message));
      else one?.resolve(result);
    }
  });
  child.once('exit', () => waiting.forEach(({ reject }) => reject(new Error('the browser ended'))));
  into.on('error', () => undefined);
  return {
    send: (method: string, params: Fields = {}, sessionId?: string): Promise<Fields> =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        into.write(
          `${JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
        );
      }),
    onEvent(listen: typeof listener): void {
      listener = listen;
    },
  };
}

/** Opens a page and waits until it is built; the milliseconds from navigation to then, as the page's own clock has them. */
export async function visit(page: Page, url: string): Promise<number> {
  await page.send('Page.navigate', { url });
  for (let tries = 0; tries < 600; tries++) {
    const at = await page
      .evaluate<number>("document.documentElement.dataset.ready === 'yes' ? performance.now() : 0")
      .catch(() => 0);
    if (at > 0) return at;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the page was not built');
}
