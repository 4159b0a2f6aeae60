#!/usr/bin/env node
/** The process: signals, the last word on errors, the exit code. Nothing else ends the process. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { dispatchVerb } from './cli/dispatch.js';
import { exitCodeOfError, exitError, exitUsage } from './cli/exit-codes.js';
import { buildProgram, isHelp } from './cli/program.js';
import { listenForSignals } from './cli/stops.js';
import { ToolError, messageOf } from './lib/errors.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader that went away (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : exitError));

async function main(): Promise<number> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stops = listenForSignals(process, say);
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

process.exit(await main());
