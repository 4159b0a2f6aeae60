/** What the control plane's command lines say about serving certificates: who signs them, and who verifies them. Pure. */
import { field, listOf, nameOf, textOf } from '../cluster/api-object.js';
import { lastFlag, type ControlPlaneProgram } from '../facts/control-plane-program.js';

/** Programs of control-plane pods that the API server lists. */
export function programsInPods(pods: readonly unknown[]): readonly ControlPlaneProgram[] {
  return pods.flatMap((pod) =>
    listOf(field(field(pod, 'spec'), 'containers')).flatMap((container) => {
      const words = [...listOf(field(container, 'command')), ...listOf(field(container, 'args'))];
      const argv = words.filter((word): word is string => typeof word === 'string');
      const name = (['kube-apiserver', 'kube-controller-manager'] as const).find((one) =>
        argv.some((word) => word.split('/').at(-1) === one),
      );
      const source = `Pod ${textOf(field(field(pod, 'metadata'), 'namespace'))}/${nameOf(pod)}`;
      return name === undefined ? [] : [{ name, source, argv }];
    }),
  );
}

export type Signing =
  | { readonly kind: 'signs'; readonly evidence: readonly string[] }
  | { readonly kind: 'signs-nothing'; readonly evidence: readonly string[] }
  | { readonly kind: 'unknown'; readonly evidence: readonly string[] };

/** Whether the controller manager has a key to sign serving certificates with. */
export function signingOf(programs: readonly ControlPlaneProgram[]): Signing {
  const told = programs
    .filter(({ name }) => name === 'kube-controller-manager')
    .map((program) => ({ ...keysOf(program), source: program.source }));
  const signing = told.find(({ state }) => state === 'signs');
  if (signing !== undefined) return { kind: 'signs', evidence: [`${signing.source}: ${signing.text}`] };
  const evidence = told.map(({ source, text }) => `${source}: ${text}`);
  return { kind: told.some(({ state }) => state === 'nothing') ? 'signs-nothing' : 'unknown', evidence };
}

function keysOf({ argv }: ControlPlaneProgram): {
  readonly state: 'signs' | 'nothing' | 'unsaid';
  readonly text: string;
} {
  const controllers = lastFlag(argv, 'controllers')?.split(',') ?? ['*'];
  const named = (name: string): boolean => controllers.includes(name);
  if (named('-csrsigning') || !(named('*') || named('csrsigning')))
    return { state: 'nothing', text: `--controllers=${controllers.join(',')} leaves csrsigning out` };
  for (const prefix of ['cluster-signing-kubelet-serving', 'cluster-signing']) {
    const [certificate, key] = [lastFlag(argv, `${prefix}-cert-file`), lastFlag(argv, `${prefix}-key-file`)];
    if (certificate === undefined && key === undefined) continue;
    if ((certificate ?? '') === '' || (key ?? '') === '')
      return { state: 'nothing', text: `--${prefix}-cert-file and --${prefix}-key-file are empty: the CA is external` };
    return { state: 'signs', text: `--${prefix}-cert-file=${certificate ?? ''}` };
  }
  return { state: 'unsaid', text: 'no --cluster-signing-cert-file' };
}

/** API servers, and by which CA they verify kubelets; an empty text for none. */
export const kubeletAuthorities = (
  programs: readonly ControlPlaneProgram[],
): readonly { readonly source: string; readonly authority: string }[] =>
  programs
    .filter(({ name }) => name === 'kube-apiserver')
    .map(({ source, argv }) => ({ source, authority: lastFlag(argv, 'kubelet-certificate-authority') ?? '' }));
