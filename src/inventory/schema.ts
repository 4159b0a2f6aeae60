/** The schema of inventory.yaml. */
import { z } from 'zod';
import { jumpFault, nameFault, pathFault, userFault } from './syntax.js';

/** A string that passes a check of syntax.ts. */
function checked(fault: (text: string) => string | undefined): z.ZodType<string> {
  return z.string().check((context) => {
    const message = context.value === '' ? 'must not be empty' : fault(context.value);
    if (message !== undefined) context.issues.push({ code: 'custom', message, input: context.value });
  });
}

const contextFault = (text: string): string | undefined =>
  /^-|\p{Cc}/u.test(text) ? `${JSON.stringify(text)} starts with "-" or contains control characters` : undefined;
/** For the name that users type to confirm. */
export const clusterNameFault = (text: string): string | undefined =>
  /^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,252}$/.test(text)
    ? undefined
    : 'may contain only letters, digits and . _ @ : / - (users type it to confirm)';

const portMessage = 'must be from 1 to 65535';
/** Splits `a,b` as ssh's ProxyJump does. */
export const splitJump = (text: string): readonly string[] => text.split(',').map((part) => part.trim());
const jump = z.union([
  checked((text) =>
    splitJump(text)
      .map(jumpFault)
      .find((fault) => fault !== undefined),
  ),
  z.array(checked(jumpFault)),
]);

const forksMessage = 'must be from 1 to 1000';

const ssh = z.strictObject({
  user: checked(userFault).optional(),
  port: z.int(portMessage).min(1, portMessage).max(65_535, portMessage).optional(),
  identityFile: checked(pathFault).optional(),
  knownHostsFile: checked(pathFault).optional(),
  jump: jump.optional(),
  jumpForks: z.int(forksMessage).min(1, forksMessage).max(1000, forksMessage).optional(),
  transport: z.enum(['ssh2', 'openssh', 'auto']).optional(),
  become: z
    .union([
      z.enum(['sudo', 'helper', 'none']),
      z.strictObject({
        method: z.enum(['sudo', 'helper', 'none']).optional(),
        password: z.enum(['shared', 'per-host']).optional(),
      }),
    ])
    .optional(),
});

// Names and addresses are checked after their ranges are expanded.
const host = z.strictObject({
  address: z.string().optional(),
  nodeName: z.string().optional(),
  ssh: ssh.nullish(),
});

const group = z.strictObject({
  role: z.enum(['control-plane', 'worker']),
  ssh: ssh.nullish(),
  hosts: z.record(z.string(), host.nullable()),
});

export const inventorySchema = z.strictObject({
  cluster: z.strictObject({
    name: checked(clusterNameFault),
    kubeconfig: checked(pathFault).optional(),
    context: checked(contextFault).optional(),
    via: z.string().optional(),
  }),
  ssh: ssh.nullish(),
  groups: z.record(checked(nameFault), group),
});

export type InventoryInput = z.infer<typeof inventorySchema>;
export type GroupInput = z.infer<typeof group>;
export type HostInput = z.infer<typeof host>;
export type SshInput = z.infer<typeof ssh>;
