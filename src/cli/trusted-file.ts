/** Reads a file that the program must trust, such as a saved plan: refused if other users could have written or replaced it. */
import { constants, open } from 'node:fs/promises';
import { ToolError, fileErrorOf } from '../lib/errors.js';
import { writableByOthers } from '../lib/own-file.js';

/** `what` is "the plan" and the like. Reads the file that was checked, also from a pipe. Throws ToolError. */
export async function readTrusted(path: string, what: string): Promise<Buffer> {
  const unreadable = (error: unknown): ToolError =>
    new ToolError('usage', `${what} ${path}: ${fileErrorOf(error)}`, { cause: error });
  const file = await open(path, constants.O_RDONLY | constants.O_NOCTTY).catch((error: unknown) => {
    throw unreadable(error);
  });
  try {
    const found = await file.stat();
    if (!found.isFile() && !found.isFIFO())
      throw untrusted(what, path, { problem: 'it is not a file', hint: 'give the path of the file itself' });
    const fault = writableByOthers(path, found);
    if (fault !== undefined) throw untrusted(what, path, fault);
    return await file.readFile();
  } catch (error) {
    throw error instanceof ToolError ? error : unreadable(error);
  } finally {
    await file.close();
  }
}

const untrusted = (what: string, path: string, fault: { readonly problem: string; readonly hint: string }): ToolError =>
  new ToolError('plan', `${what} ${path} is not trusted: ${fault.problem}`, { hint: fault.hint });
