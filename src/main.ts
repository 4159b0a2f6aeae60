#!/usr/bin/env node
/** The process: signals, the last word on errors, the exit code. Nothing else ends the process. */
import { closeSync, readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { CommanderError } from 'commander';
import { dispatchVerb } from './cli/dispatch.js';
import { exitCodeOfError, exitError, exitUsage } from './cli/exit-codes.js';
import { buildProgram, isHelp } from './cli/program.js';
import { listenForSignals } from './cli/stops.js';
import { ToolError, messageOf } from './lib/errors.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const stops = listenForSignals(process, { say, exit: end });

// A reader that went away (`| head`) is no error; while nodes are changed it is a reason to come to an end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (!stops.outputLost()) end(error.code === 'EPIPE' ? 0 : exitError);
});
// A terminal that is gone takes no more words.
process.stderr.on('error', () => stops.outputLost());

async function main(): Promise<number> {
  const { program, exitCode } = buildProgram(version, (verb, flags, args) =>
    dispatchVerb(verb, flags, args, stops, version),
  );
  try {
    if (process.argv.length <= 2 && !(process.stdin.isTTY && process.stderr.isTTY)) {
      program.outputHelp({ error: true });
      return exitUsage;
    }
    await program.parseAsync();
    // What was left half read is no result, whatever the rest said; a node that needs a look still comes first.
    const code = exitCode();
    return stops.leave.aborted && code !== 5 ? (stops.exitCode() ?? code) : code;
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? 0 : exitUsage;
    const interrupted = stops.exitCode();
    if (interrupted !== undefined && stops.leave.aborted) return interrupted;
    if (!(error instanceof ToolError)) {
      say(`kubelatch: ${messageOf(error)}`);
      if (error instanceof Error && process.argv.includes('-vv')) say(error.stack ?? '');
      return exitError;
    }
    say(`kubelatch: ${error.message}`);
    if (error.hint !== undefined) say(`  ${error.hint}`);
    return exitCodeOfError(error.code);
  }
}

/** Leaves a terminal with a cursor and an echo, whatever was cut short. */
function end(code: number): void {
  // Node means to reset the terminals it found, and aborts where one is gone.
  for (const fd of terminals.filter((one) => !isatty(one))) tryTo(() => closeSync(fd));
  tryTo(() => {
    if (process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
    if (isatty(2) && stops.leave.aborted) writeSync(2, '\u001b[?25h');
  });
  process.exit(code);
}

function tryTo(act: () => void): void {
  try {
    act();
  } catch {
    // The terminal is gone.
  }
}

end(await main());
