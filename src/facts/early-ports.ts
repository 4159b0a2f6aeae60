/** Asks the usual ports of a kubelet while the probe still runs, so that the answers need no round trips of their own. */
import type { Session } from '../ssh/session.js';
import { type HttpAnswer, type PortRequest, requestOver } from './node-http.js';

/** What a port is asked, whenever it is. */
export type PortQuestion = Pick<PortRequest, 'scheme' | 'host' | 'port' | 'path'>;

/** The answer if that was asked already and the answer is certain; otherwise undefined, and the port has to be asked. */
export type EarlyAnswers = (question: PortQuestion) => Promise<HttpAnswer | undefined>;

export const noneEarly: EarlyAnswers = () => Promise.resolve(undefined);

/** What kubelets are asked if nothing is configured. The second address of the read-only port is asked only where the first refuses. */
const usual: readonly PortQuestion[] = [
  { scheme: 'https', host: '127.0.0.1', port: 10250, path: '/pods' },
  { scheme: 'http', host: '127.0.0.1', port: 10255, path: '/pods' },
  { scheme: 'http', host: '::1', port: 10255, path: '/pods' },
];

const keyOf = ({ scheme, host, port, path }: PortQuestion): string => JSON.stringify([scheme, host, port, path]);

/** Starts at once; only loopback addresses of the node are asked. `deadline` in milliseconds for each. */
export function askEarly(session: Session, deadline: number): EarlyAnswers {
  const asked = new Map(
    usual.map((one) => [keyOf(one), ask(session, { ...one, deadline }).catch(() => undefined)] as const),
  );
  return (question) => asked.get(keyOf(question)) ?? Promise.resolve(undefined);
}

/** A busy node, a limit of sshd or a ban on forwarding may have a better answer later, when it is known that the port counts. */
async function ask(session: Session, request: PortRequest): Promise<HttpAnswer | undefined> {
  const { host, port, deadline } = request;
  const answer = await requestOver(await session.open({ host, port }, { deadline }), request);
  return answer.kind === 'status' || answer.kind === 'refused' ? answer : undefined;
}
