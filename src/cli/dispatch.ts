/** Which function serves which verb; each is loaded only when it is called. */
import { ToolError } from '../lib/errors.js';
import type { Flags } from './options.js';
import type { Stops } from './stops.js';

const changing: ReadonlySet<string> = new Set(['apply', 'rollback', 'resume', 'uninstall', 'guided']);

export async function dispatchVerb(
  verb: string,
  flags: Flags,
  args: readonly string[],
  stops: Stops,
  version: string,
): Promise<number> {
  if (changing.has(verb)) stops.mayChange();
  const { createWorld } = await import('./world.js');
  const world = createWorld(flags, stops, version);
  try {
    switch (verb) {
      case 'audit':
        return await (await import('./verbs/audit.js')).auditVerb(world);
      case 'plan':
        return await (await import('./verbs/plan.js')).planVerb(world);
      case 'apply':
        return await (await import('./verbs/apply.js')).applyVerb(world, args[0]);
      case 'rollback':
        return await (await import('./verbs/rollback.js')).rollbackVerb(world, args[0]);
      case 'resume':
        return await (await import('./verbs/resume.js')).resumeVerb(world, args[0]);
      case 'inventory':
        return await (await import('./verbs/inventory.js')).inventoryVerb(world);
      case 'inventory check':
        return await (await import('./verbs/inventory.js')).checkVerb(world);
      case 'runs':
        return await (await import('./verbs/runs.js')).runsVerb(world);
      case 'runs show':
        return await (await import('./verbs/runs.js')).showRunVerb(world, args[0] ?? '');
      case 'runs backups':
        return await (await import('./verbs/backups.js')).backupsVerb(world);
      case 'uninstall':
        return await (await import('./verbs/uninstall.js')).uninstallVerb(world);
      case 'guided':
        return await (await import('./verbs/guided.js')).guidedVerb(world);
      case 'explain':
        return await (await import('./verbs/explain.js')).explainVerb(world, args[0] ?? '');
      default:
        throw new ToolError('internal', `no verb ${verb}`);
    }
  } finally {
    await world.progress.stop();
  }
}
