/** The command line: verbs, their flags, their help. */
import { Command, type CommanderError } from 'commander';
import { didYouMean } from '../lib/suggest.js';
import { applyConfigFile } from './config-file.js';
import {
  type Flags,
  addConnectionOptions,
  addConsentOption,
  addHostOptions,
  addJudgementOptions,
  addKeepOption,
  addOutputOptions,
  addPlanOptions,
  addPlaybookOption,
  addProofOptions,
  addRolloutOptions,
  addSeclusionOptions,
  addWaveOption,
  readSwitches,
} from './options.js';

/** Runs one verb with its flags and arguments; the exit code comes back. */
export type Dispatch = (verb: string, flags: Flags, args: readonly string[]) => Promise<number>;

const examples = `
Examples:
  kubelatch audit                          what is weak, and where it comes from
  kubelatch plan -p cis-1.12 -l workers    the exact edits for one group
  kubelatch apply --yes                    harden, wave by wave, behind a gate
  kubelatch rollback                       put back the newest run
  kubelatch resume                         end the run that was left unfinished
  kubelatch                                be guided (on a terminal)

Exit codes: 0 done · 1 error · 2 findings or pending changes, where asked for ·
3 some hosts not judged · 4 put back by the gate · 5 a host needs you now ·
64 usage · 130, 143 interrupted`;

export function buildProgram(version: string, dispatch: Dispatch): { program: Command; exitCode: () => number } {
  let code = 0;
  const program = new Command('kubelatch')
    .description('Closes the kubelet’s doors on a whole fleet over SSH, and never leaves a node broken.')
    .version(`kubelatch ${version}`, '-V, --version')
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(process.stdout.columns || 80, 100), showGlobalOptions: false })
    .addHelpText('after', examples)
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'kubelatch: ')) })
    .showSuggestionAfterError();
  const run = (verb: string) =>
    async function (this: Command, ...args: unknown[]): Promise<void> {
      readSwitches(this, process.env);
      applyConfigFile(this);
      code = await dispatch(
        verb,
        this.opts(),
        args.filter((one): one is string => typeof one === 'string'),
      );
    };
  const verb = (name: string, text: string, parent: Command = program): Command =>
    parent
      .command(name)
      .description(text)
      .exitOverride()
      .configureHelp({ helpWidth: Math.min(process.stdout.columns || 80, 100) });
  const all = (command: Command): Command => addOutputOptions(addConnectionOptions(addHostOptions(command)));

  addKeepOption(addRolloutOptions(addPlanOptions(all(program.command('guided', { isDefault: true, hidden: true })))))
    .allowExcessArguments()
    .action(function (this: Command) {
      refuseUnknownVerb(program, this.args[0]);
      return run('guided').call(this);
    });
  addJudgementOptions(
    addPlaybookOption(all(verb('audit', 'judge the nodes against playbooks; changes nothing'))),
  ).action(run('audit'));
  addWaveOption(addJudgementOptions(addPlanOptions(all(verb('plan', 'show the exact edits; changes nothing')))))
    .option('--out <file>', 'save the plan, to apply just this')
    .option('--detailed-exitcode', 'exit 2 when changes are pending', false)
    .action(run('plan'));
  addKeepOption(
    addSeclusionOptions(
      addRolloutOptions(addPlanOptions(all(verb('apply', 'change the nodes, wave by wave, behind a gate')))),
    ),
  )
    .argument('[plan]', 'a plan saved by plan --out')
    .action(run('apply'));
  addRolloutOptions(all(verb('rollback', 'put back what a run changed')))
    .argument('[run]', 'default: the newest that the nodes keep')
    .action(run('rollback'));
  addProofOptions(all(verb('resume', 'end a run whose controller died: ask every node it began')))
    .argument('[run]', 'default: the newest of this machine that did not end')
    .action(run('resume'));
  const inventory = all(verb('inventory', 'print the resolved hosts'));
  inventory.action(run('inventory'));
  all(verb('check', 'can each host be reached, and does sudo work?', inventory)).action(run('inventory check'));
  const runs = addOutputOptions(verb('runs', 'past runs of this machine'));
  runs.action(run('runs'));
  addOutputOptions(verb('list', 'all of them', runs)).action(run('runs'));
  addOutputOptions(verb('show', 'what one did, step by step', runs))
    .argument('<run>')
    .action(run('runs show'));
  all(verb('backups', 'what the nodes keep of past runs, so that they can be rolled back', runs)).action(
    run('runs backups'),
  );
  addConsentOption(
    all(verb('uninstall', 'remove every trace from the nodes; no rollback is possible afterwards')),
  ).action(run('uninstall'));
  addOutputOptions(addPlaybookOption(verb('explain', 'what a rule wants, why, and what it may break')))
    .argument('<rule>')
    .action(run('explain'));
  verb('version', 'print the version').action(() => {
    process.stdout.write(`kubelatch ${version}\n`);
  });
  return { program, exitCode: () => code };
}

/** A word that is no verb reaches the default verb as its argument. */
function refuseUnknownVerb(program: Command, word: string | undefined): void {
  if (word === undefined) return;
  const verbs = program.commands.map((command) => command.name()).filter((name) => name !== 'guided');
  program.error(
    verbs.includes(word)
      ? `error: flags stand after the verb: kubelatch ${word} ...`
      : `error: no verb ${JSON.stringify(word)}${didYouMean(word, verbs)}\n  kubelatch --help shows them`,
    { code: 'commander.unknownCommand' },
  );
}

/** Commander ends help and --version this way too. */
export const isHelp = (error: CommanderError): boolean => error.exitCode === 0;
