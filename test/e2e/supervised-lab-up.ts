/** Before the scenarios on k3s and RKE2: a lab with a node of each shape, three k3s servers among them, and one kubeadm node. */
import { labUp } from './lab-up.js';
import { fleet } from './supervised-planted.js';

export default (): Promise<(() => Promise<void>) | undefined> => labUp(fleet);
