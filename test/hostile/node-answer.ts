/** What a node answers the probe with: a recorded node's answer, with lines or files of a case's own. */
import { probeAnswer } from '../nodes/recorded-node.js';
import { type Listening, type Shell, setGoodShell, sshHost } from './ssh-host.js';

export const ready = 'kubelatch-ready\n';
export const unitPath = '/usr/lib/systemd/system/kubelet.service';
export const dropInPath = '/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf';
export const environmentPath = '/etc/default/kubelet';
export const configPath = '/var/lib/kubelet/config.yaml';

export const b64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

/** A node of kubeadm. */
export const goodAnswer = probeAnswer('kubeadm-weak');
export const k3sAnswer = probeAnswer('k3s-server-1.33');

export const statLine = (path: string, size: number): string =>
  `stat ${b64(path)} - . 644 0:0 root:root ${size} 1700000100 regular file`;

const fileLines = (path: string, content: string | Buffer): string[] => [
  statLine(path, Buffer.byteLength(content)),
  `content ${b64(path)} ${b64(content)}.`,
];

/** The answer with these files in the place of its own. */
export function withFiles(files: Readonly<Record<string, string | Buffer>>, answer = goodAnswer): string {
  const names = new Set(Object.keys(files).map((path) => b64(path)));
  const others = answer.split('\n').filter((line) => {
    const [tag = '', name = ''] = line.split(' ');
    return !(['stat', 'content', 'absent'].includes(tag) && names.has(name));
  });
  return withLines(
    Object.entries(files).flatMap(([path, content]) => fileLines(path, content)),
    others.join('\n'),
  );
}

/** What a file of an answer holds. */
export function fileIn(answer: string, path: string): string {
  const line = answer.split('\n').find((one) => one.startsWith(`content ${b64(path)} `));
  return Buffer.from(line?.split(' ')[2] ?? '', 'base64').toString();
}

/** The answer with more lines before its end. */
export const withLines = (lines: readonly string[], answer = goodAnswer): string =>
  answer.replace(/end\n$/, () => `${lines.join('\n')}\nend\n`);

/** The answer in which lines of this tag read otherwise. */
export const withTag = (tag: string, line: string | undefined, answer = goodAnswer): string =>
  answer
    .split('\n')
    .flatMap((one) => (one.startsWith(`${tag} `) ? (line === undefined ? [] : [line]) : [one]))
    .join('\n');

/** Answers a shell as a node does whose probe prints this: each command, once its program has come in whole. */
export function answerWith(shell: Shell, answer: string | Buffer): void {
  const { channel } = shell;
  channel.write(ready);
  channel.resume();
  channel.on('end', () => {
    channel.write(answer, () => {
      channel.exit(0);
      channel.end();
    });
  });
}

/** A host whose probe prints this; the answer is made when the first shell asks for it. */
export function nodeThatAnswers(answer: () => string | Buffer): Promise<Listening> {
  let made: string | Buffer | undefined;
  return sshHost({ exec: (shell) => answerWith(shell, (made ??= answer())) });
}

export function startGoodHost(): Promise<Listening> {
  setGoodShell((shell) => answerWith(shell, goodAnswer));
  return nodeThatAnswers(() => goodAnswer);
}
