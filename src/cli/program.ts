/** The command line, made from the table of verbs: commander reads it, the config files and KUBELATCH_… fill the rest. */
import { Argument, Command, type CommanderError } from 'commander';
import { userConfig } from '../lib/paths.js';
import { didYouMean } from '../lib/suggest.js';
import { checkFolders, checkPlanFlags, checkSettings } from './check-settings.js';
import { layout, programHelp, verbHelp } from './help.js';
import { type Flags, readSwitches, setBy } from './options.js';
import { rememberFlags } from './remember-flags.js';
import { sayOn } from './say.js';
import { refusedShard } from './shard-option.js';
import { type Verb, verbs } from './verbs.js';
import { ownProgram, print, safeText } from '../lib/output.js';

/** Runs one verb with its flags and arguments; the exit code comes back. */
export type Dispatch = (verb: Verb, flags: Flags, args: readonly (string | undefined)[]) => Promise<number>;

export function buildProgram(version: string, dispatch: Dispatch): { program: Command; exitCode: () => number } {
  let code = 0;
  const program = newProgram(version);
  for (const verb of verbs) {
    const command = addVerb(program, verb);
    command.action(async () => {
      if (verb.hidden === true) refuseUnknownVerb(program, command.args[0]);
      refuseUnknownVerbBelow(program, verb.name, command.args[0]);
      readSwitches(command, process.env);
      const user = userConfig(process.env);
      // Help needs no reader of YAML, which takes longer to load than all else here.
      const { applyConfigFiles } = await import('./config-file.js');
      applyConfigFiles(command, { folder: './kubelatch.yaml', user, say });
      checkSettings(command.opts());
      checkFolders(command.opts());
      rememberFlags(verb, command, verbs, process.env);
      if (verb.name === 'apply')
        checkPlanFlags(command.args[0], (name) => command.getOptionValueSource(name) === 'cli');
      const flags = { ...command.opts<Flags>(), setBy: setBy(command, ['kubeconfig', 'context'], user) };
      code = await dispatch(verb, flags, command.args);
    });
  }
  // Needs no flag, no file and no context.
  program
    .command('version')
    .description('Print the version.')
    .summary('Print the version')
    .action(() => print(process.stdout, safeText(`kubelatch ${version}\n`)));
  // Asked by a shell at each Tab.
  program
    .command('complete [words...]', { hidden: true })
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const { candidateLines, complete } = await import('./complete.js');
      print(process.stdout, safeText(candidateLines(await complete(words, process.env))));
    });
  return { program, exitCode: () => code };
}

const newProgram = (version: string): Command =>
  new Command('kubelatch')
    .description('Hardens kubelets across a fleet over SSH, with automatic rollback.')
    .version(`kubelatch ${version}`, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Show this help')
    .helpCommand('help [verb]', 'Show the help of a verb')
    .usage('[verb] [options]')
    .exitOverride()
    .configureHelp(layout(process.stdout.columns))
    .addHelpText('after', programHelp)
    .enablePositionalOptions()
    .configureOutput({
      // Help and version alone.
      writeOut: (text) => print(process.stdout, ownProgram(text)),
      writeErr: (text) => print(process.stderr, safeText(text)),
      outputError: (text) => say(inOurWords(text).trimEnd()),
    })
    .showSuggestionAfterError();

/** Commander ends its own sentence before the one of a flag's value, which says what it must be. */
const inOurWords = (text: string): string =>
  text.replace(/^error: /, 'kubelatch: ').replace(/ is invalid\. (?=must )/, ' is invalid: it ');

function addVerb(program: Command, verb: Verb): Command {
  const words = verb.name.split(' ');
  const name = words.at(-1) ?? verb.name;
  const parent = words.length === 1 ? program : program.commands.find((one) => one.name() === words[0]);
  if (parent === undefined) throw new Error(`the verb ${verb.name} stands before ${words[0] ?? ''}`);
  const isDefault = verb.hidden === true;
  const command = parent
    .command(name, { isDefault, hidden: isDefault })
    .summary(verb.summary)
    .helpGroup(verb.changesNodes ? 'Commands that change nodes:' : 'Commands:')
    .description(verb.details === undefined ? `${verb.summary}.` : `${verb.summary}. ${verb.details}`)
    .addHelpText('after', verbHelp(verb.examples))
    // refuseUnknownVerb says more.
    .allowExcessArguments(isDefault || verbsBelow(verb.name).length > 0);
  for (const { name: argument, summary, missing } of verb.arguments ?? []) {
    command.addArgument(new Argument(argument, summary));
    if (missing === undefined) continue;
    command.exitOverride((error) => {
      if (error.code === 'commander.missingArgument') say(`  ${missing}`);
      throw error;
    });
  }
  for (const { title, options } of verb.options)
    for (const option of options) command.addOption(option.helpGroup(`${title}:`));
  const refused = refusedShard(verb.name);
  if (refused !== undefined) command.addOption(refused);
  return command;
}

const say = (text: string): void => sayOn(process.stderr, text);

/** An unknown verb reaches the default verb as its argument. */
function refuseUnknownVerb(program: Command, word: string | undefined): void {
  if (word === undefined) return;
  const names = program.commands.map((command) => command.name()).filter((name) => !isDefault(name));
  program.error(
    names.includes(word)
      ? `error: put flags after the verb: kubelatch ${word} ...`
      : `error: unknown verb ${JSON.stringify(word)}${didYouMean(word, names)}\n  to list the verbs: kubelatch --help`,
    { code: 'commander.unknownCommand' },
  );
}

/** `runs shw`: an unknown verb below another one reaches that one as its argument. */
function refuseUnknownVerbBelow(program: Command, parent: string, word: string | undefined): void {
  const names = verbsBelow(parent);
  if (word === undefined || names.length === 0) return;
  program.error(
    `error: unknown verb ${JSON.stringify(`${parent} ${word}`)}${didYouMean(word, names)}\n` +
      `  to list the verbs: kubelatch ${parent} --help`,
    { code: 'commander.unknownCommand' },
  );
}

/** The last words of the verbs that stand below this one, such as `show` below `runs`. */
const verbsBelow = (parent: string): readonly string[] =>
  verbs.filter(({ name }) => name.startsWith(`${parent} `)).map(({ name }) => name.slice(parent.length + 1));

const isDefault = (name: string): boolean => verbs.some((verb) => verb.hidden === true && verb.name === name);

/** Commander reports help and --version as errors too. */
export const isHelp = (error: CommanderError): boolean => error.exitCode === 0;
