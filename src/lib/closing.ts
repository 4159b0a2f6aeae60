/** Uses what has to be closed afterwards: a connection, a journal, a folder. */

interface Closable {
  close(): Promise<unknown>;
}

/** What `use` makes of it. It is closed whatever comes of that, before the caller goes on. */
export async function closing<C extends Closable, T>(what: C, use: (what: C) => Promise<T>): Promise<T> {
  try {
    return await use(what);
  } finally {
    await what.close();
  }
}
