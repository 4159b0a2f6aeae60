#!/bin/sh
// 2>/dev/null; exec node --max-semi-space-size=4 "$0" "$@"
/**
 * The process: signals, the last word on errors, the exit code. Nothing else ends the process. To a shell, the line above starts
 * Node.js with a small part for new objects, which no program can ask for later: it halves the memory of a large fleet.
 */
import { closeSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { CommanderError } from 'commander';
import { dispatchVerb } from './cli/dispatch.js';
import { exitCodeOfError, exitError, exitUsage } from './cli/exit-codes.js';
import { buildProgram, isHelp } from './cli/program.js';
import { sayOn } from './cli/say.js';
import { listenForSignals } from './cli/shutdown.js';
import { ToolError, messageOf } from './lib/errors.js';
import { shippedText } from './lib/shipped-file.js';

const { version } = JSON.parse(shippedText('../package.json')) as { version: string };

const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const say = (text: string): void => sayOn(process.stderr, text);
const shutdown = listenForSignals(process, { say, exit: end });

// A reader that went away (`| head`) is no error; a verb that may change nodes comes to its end, and says how it went by its code.
const output = { isCut: false };
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const nobodyReads = error.code === 'EPIPE' || error.code === 'EIO';
  if (!nobodyReads && !output.isCut) say(`kubelatch: the result could not be written: ${messageOf(error)}`);
  output.isCut ||= !nobodyReads;
  if (!shutdown.outputLost()) end(error.code === 'EPIPE' ? 0 : exitError);
});
// A terminal that is gone takes no more words.
process.stderr.on('error', () => shutdown.outputLost());
process.stdin.on('error', () => undefined);
// A fault of the tool itself: nodes under way put themselves back.
process.on('uncaughtException', (error) => {
  say(`kubelatch: ${messageOf(error)}`);
  if (process.argv.includes('-vv')) say(error.stack ?? '');
  end(exitError);
});

async function main(): Promise<number> {
  const { program, exitCode } = buildProgram(version, (verb, flags, args) =>
    dispatchVerb(verb, args, { flags, shutdown, version }),
  );
  try {
    if (process.argv.length <= 2 && !(process.stdin.isTTY && process.stderr.isTTY)) {
      program.outputHelp({ error: true });
      return exitUsage;
    }
    await program.parseAsync();
    // What was left is no result, whatever the rest said.
    return (shutdown.immediate.aborted ? shutdown.exitCode() : undefined) ?? exitCode();
  } catch (error) {
    if (error instanceof CommanderError) return isHelp(error) ? 0 : exitUsage;
    const interrupted = shutdown.exitCode();
    if (interrupted !== undefined && (shutdown.immediate.aborted || isInterruption(error))) return interrupted;
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

const isInterruption = (error: unknown): boolean => error instanceof ToolError && error.code === 'interrupted';

/** Leaves a terminal with a cursor and an echo, whatever was cut short. */
function end(code: number): void {
  const gone = terminals.filter((fd) => !isatty(fd));
  // Node means to reset the terminals it found, and aborts where one is gone.
  if (gone.includes(0)) process.stdin.destroy();
  for (const fd of gone) tryTo(() => closeSync(fd));
  tryTo(() => {
    if (gone.length === 0 && process.stdin.isTTY && process.stdin.isRaw) process.stdin.setRawMode(false);
    if (isatty(2) && shutdown.immediate.aborted) writeSync(2, '\u001b[?25h');
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

// A result that is not whole is no success to a script. Not awaited: the single executable is a CommonJS module.
void main().then((code) => end(output.isCut && code === 0 ? exitError : code));
