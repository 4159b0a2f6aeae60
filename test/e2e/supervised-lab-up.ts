/** Before the scenarios on k3s and RKE2: a lab with a node of each shape, three k3s servers among them, and one kubeadm node. */
import { labUp } from './lab-up.js';

export default (): Promise<(() => Promise<void>) | undefined> =>
  labUp([
    'w1:kubeadm',
    'a1:k3s-agent',
    'a2:rke2-agent',
    'a3:k3s-agent-old',
    'a4:rke2-agent-old',
    's1:k3s-server',
    's2:k3s-server',
    's3:k3s-server',
    'r1:rke2-server',
  ]);
