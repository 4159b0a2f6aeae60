/** The cells of the fault matrix, generated: every fault at every point of a change, on every shape of node. */
export const shapes = ['kubeadm', 'systemd', 'k3s', 'rke2'] as const;
export type ShapeName = (typeof shapes)[number];

/** Journalled steps, and what the tool does before and between them. */
export const steps = [
  'connect',
  'probe',
  'prepare',
  'prove',
  'cordon',
  'arm',
  'write',
  'restart',
  'gate',
  'beat',
  'confirm',
] as const;
export type Step = (typeof steps)[number];

/**
 * before: the step was asked for and never happens (an event), or happens under the fault (a condition).
 * after: it happened, its answer is lost. late: it happens only after the node has put itself back. answer: its answer is spoilt.
 */
export type Moment = 'before' | 'after' | 'late' | 'answer';

/** event: strikes once. condition: from now on, until it is cleared. answer: what the node says is not what happened. */
export type FaultKind = 'event' | 'condition' | 'answer';

type Faults = Readonly<Record<string, { readonly kind: FaultKind; readonly title: string }>>;

export const faults = {
  'controller-killed': { kind: 'event', title: 'SIGKILL of the controller and its children' },
  'ssh-cut': { kind: 'event', title: "packets of SSH dropped on the node's interface" },
  reboot: { kind: 'event', title: 'the node reboots' },
  'power-cut': { kind: 'event', title: 'all processes of the node killed, booted again' },
  'disk-full': { kind: 'condition', title: "no byte left on the node's disk" },
  'read-only': { kind: 'condition', title: '/etc, /usr and /var/lib read-only' },
  'sudo-revoked': { kind: 'condition', title: 'sudo refuses the login user' },
  'lock-held': { kind: 'condition', title: 'another operator changes the same node' },
  'clock-ahead': { kind: 'condition', title: "the controller's clock jumps 10 min ahead" },
  'clock-behind': { kind: 'condition', title: "the controller's clock jumps 10 min back" },
  'hangs-on-stop': { kind: 'condition', title: 'the kubelet ignores SIGTERM for 20 s' },
  'never-starts': { kind: 'condition', title: 'a restart with new settings never returns' },
  'api-gone': { kind: 'condition', title: 'the API server refuses connections' },
  'answer-100-mb': { kind: 'answer', title: 'the node answers with 100 MB' },
  'answer-torn': { kind: 'answer', title: 'the second half of the answer is lost' },
  'answer-hostile': { kind: 'answer', title: 'escape sequences, broken UTF-8, forged lines instead of the answer' },
} as const satisfies Faults;

/** What only a real kubelet can tell: how it dies, starts slowly, and loses the API server. Not in the matrix, but in `realCells`. */
export const realFaults = {
  'kubelet-killed': { kind: 'condition', title: 'SIGKILL of the kubelet; systemd starts it again' },
  'kubelet-dies': { kind: 'condition', title: 'the kubelet ends at each start with new settings' },
  'slow-start': { kind: 'condition', title: 'a start with new settings takes 12 s longer' },
  'cut-off': { kind: 'condition', title: "with new settings the kubelet's calls to the API server get no answer" },
} as const satisfies Faults;

export type FaultName = keyof typeof faults | keyof typeof realFaults;
export const faultNames = Object.keys(faults) as (keyof typeof faults)[];
export const allFaults: Readonly<Record<FaultName, { readonly kind: FaultKind; readonly title: string }>> = {
  ...faults,
  ...realFaults,
};

export interface Cell {
  readonly fault: FaultName;
  readonly step: Step;
  readonly moment: Moment;
  readonly shape: ShapeName;
  /** The lab's shape of the node: k3s and RKE2 cells are spread over servers and agents. */
  readonly node: LaneShape;
}
export type LaneShape = 'kubeadm' | 'systemd' | 'k3s-server' | 'k3s-agent' | 'rke2-server' | 'rke2-agent';

/** Steps that change something: lost before it and lost after it are two cases. */
const effective: readonly Step[] = ['prepare', 'arm', 'cordon', 'write', 'restart', 'beat', 'confirm'];
/** Calls that may still lie in a dead connection, and would do harm if they were carried out in the end. */
const delayed: readonly Step[] = ['arm', 'write', 'restart', 'confirm'];
const detached: readonly FaultName[] = ['controller-killed', 'ssh-cut'];
/** Nothing is asked of the node's root in these. */
const unspoken: readonly Step[] = ['connect', 'prove', 'cordon'];

/** Faults of a stop and a start that is over by then: what has to stop and start it again is the node's own switch. */
const ofRestart: readonly FaultName[] = ['hangs-on-stop', 'never-starts', 'kubelet-dies', 'slow-start', 'cut-off'];
/** The controller is killed in this cell: by its fault, or since the fault would strike nothing else. */
export const losesController = ({ fault, step }: Pick<Cell, 'fault' | 'step'>): boolean =>
  fault === 'controller-killed' || (ofRestart.includes(fault) && (step === 'gate' || step === 'confirm'));
/** Seconds that a fault adds to the time of a node that puts itself back. */
export const slowness = (fault: FaultName): number => (fault === 'hangs-on-stop' ? 20 : 0);

/** At which moments of a step a fault is a case of its own. */
export function momentsOf(fault: FaultName, step: Step): readonly Moment[] {
  switch (allFaults[fault].kind) {
    case 'event': {
      const late = detached.includes(fault) && delayed.includes(step);
      return [
        'before',
        ...(effective.includes(step) ? (['after'] as const) : []),
        ...(late ? (['late'] as const) : []),
      ];
    }
    case 'condition':
      // It lasts: after a step is before the next one; and a heartbeat is in the midst of the gate.
      return step === 'beat' ? [] : ['before'];
    case 'answer':
      return unspoken.includes(step) ? [] : ['answer'];
  }
}

/** All cells, in the order of faults, steps, moments and shapes. */
export function allCells(): Cell[] {
  const points = faultNames.flatMap((fault) =>
    steps.flatMap((step) => momentsOf(fault, step).map((moment) => ({ fault, step, moment }))),
  );
  return points.flatMap((point, index) =>
    shapes.map((shape): Cell => ({ ...point, shape, node: laneShape(shape, index) })),
  );
}

export function laneShape(shape: ShapeName, index: number): LaneShape {
  if (shape === 'kubeadm' || shape === 'systemd') return shape;
  const server = index % 2 === (shape === 'k3s' ? 0 : 1);
  return `${shape}-${server ? 'server' : 'agent'}`;
}

/** `write.after`: as it is named in the report and on the command line. */
export const pointOf = ({ step, moment }: Pick<Cell, 'step' | 'moment'>): string => `${step}.${moment}`;
export const nameOf = (cell: Cell): string => `${cell.fault}/${pointOf(cell)}/${cell.shape}`;
