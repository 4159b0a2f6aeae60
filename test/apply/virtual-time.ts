/** A clock that moves only when somebody sleeps: tests of minutes take milliseconds. */
let time = 1000;

export const monotonic = (): number => time;

export async function sleep(ms: number): Promise<void> {
  time += ms;
  await new Promise((resolve) => setImmediate(resolve));
}
