/** The cells for real kubelets: what the stand-in cannot know. Death, slow starts, a lost API server, reboots. */
import { type Cell, type FaultName, type Moment, type ShapeName, type Step, laneShape, shapes } from './matrix.js';

type Point = `${Step}.${Moment}`;

/** Faults at points of a change, each on so many shapes. */
const chosen: readonly (readonly [fault: FaultName, point: Point, shapes: number])[] = [
  ['kubelet-killed', 'prepare.before', 1],
  ['kubelet-killed', 'write.before', 2],
  // It starts with the new files before the restart that they wait for.
  ['kubelet-killed', 'restart.before', 3],
  ['kubelet-killed', 'gate.before', 3],
  ['kubelet-killed', 'confirm.before', 2],
  ['kubelet-dies', 'restart.before', 4],
  ['kubelet-dies', 'gate.before', 2],
  ['slow-start', 'restart.before', 4],
  ['slow-start', 'gate.before', 2],
  ['cut-off', 'restart.before', 4],
  ['cut-off', 'gate.before', 1],
  ['api-gone', 'restart.before', 2],
  ['api-gone', 'gate.before', 3],
  ['api-gone', 'confirm.before', 1],
  ['reboot', 'write.after', 2],
  ['reboot', 'restart.before', 1],
  ['reboot', 'restart.after', 2],
  ['reboot', 'gate.before', 2],
  ['reboot', 'confirm.after', 1],
  ['power-cut', 'write.after', 2],
  ['power-cut', 'restart.before', 1],
  ['power-cut', 'restart.after', 2],
  ['power-cut', 'gate.before', 1],
  ['power-cut', 'confirm.after', 2],
  ['never-starts', 'restart.before', 2],
  ['hangs-on-stop', 'restart.before', 2],
  ['hangs-on-stop', 'confirm.before', 1],
  ['controller-killed', 'write.after', 1],
  ['controller-killed', 'gate.before', 2],
  ['controller-killed', 'confirm.late', 1],
  ['ssh-cut', 'gate.before', 1],
];

/** Sixty, in the order of the table; the shapes take turns. */
export function realCells(): Cell[] {
  let turn = 0;
  return chosen.flatMap(([fault, point, count]) => {
    const [step, moment] = point.split('.') as [Step, Moment];
    return Array.from({ length: count }, (): Cell => {
      const shape: ShapeName = shapes[turn % shapes.length] ?? 'kubeadm';
      const node = laneShape(shape, Math.floor(turn / shapes.length));
      turn += 1;
      return { fault, step, moment, shape, node };
    });
  });
}
