/** Hosts whose probe answers with what no probe prints, or with far too much of it. */
import { randomBytes } from 'node:crypto';
import type { HostileCase } from './hostile-case.js';
import {
  answerWith,
  b64,
  configPath,
  goodAnswer,
  nodeThatAnswers,
  statLine,
  withFiles,
  withLines,
  withTag,
} from './node-answer.js';
import { sshHost } from './ssh-host.js';

const MiB = 1024 * 1024;
const clear = '\u001b[2J\u001b]0;owned\u0007';
const judgedOrNot = ['judged', 'unreadable'] as const;

const many = (count: number, line: (at: number) => string): string[] =>
  Array.from({ length: count }, (_, at) => line(at));

const answers = (name: string, answer: () => string | Buffer, over: Partial<HostileCase> = {}): HostileCase => ({
  name: `answers with ${name}`,
  start: () => nodeThatAnswers(answer),
  ends: judgedOrNot,
  ...over,
});

const refused = { ends: 'unreadable' } as const;

const procStat = (pid: number, name: string): string => b64(`${pid} (${name}) S 1 ${'0 '.repeat(17)}500000 1 1`);
const unitBlock = (name: string): string =>
  `Id=${name}\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=812\nType=simple\nFragmentPath=/etc/systemd/system/${name}\n`;

const forms: readonly HostileCase[] = [
  answers('nothing', () => '', refused),
  answers('another magic line', () => goodAnswer.replace('kubelatch-facts 1', 'kubelatch-facts 2'), refused),
  answers('half of its answer', () => goodAnswer.slice(0, goodAnswer.length / 2), refused),
  answers('its answer twice', () => goodAnswer + goodAnswer, refused),
  answers('a line that never ends', () => `kubelatch-facts 1\nhostname ${'A'.repeat(7 * MiB)}`, refused),
  answers('8 MB of blanks', () => `kubelatch-facts 1\n${' '.repeat(8 * 1_000_000)}\nend\n`, refused),
  answers('8 MB of line feeds', () => `kubelatch-facts 1\n${'\n'.repeat(8 * 1_000_000)}end\n`, refused),
  answers('a word in 4 million blanks', () => withLines([`hostname ${' '.repeat(4_000_000)}x`])),
  answers('16 MB of it', () => withLines([`hostname ${'QUJD'.repeat(4_000_000)}`]), {
    ...refused,
    says: /more than \d+ bytes/,
  }),
  answers('random bytes', () => randomBytes(MiB), refused),
  answers('bytes that are no UTF-8 in each record', () => goodAnswer.replaceAll(' ', ' \ud800'), refused),
  answers('NUL bytes between its lines', () => goodAnswer.replaceAll('\n', '\0\n'), refused),
  answers('base64 that is none', () =>
    goodAnswer.replace(/^content \S+ \S+/m, (line) => `${line.slice(0, -9)}!!##..==`),
  ),
  answers('a million texts that do not come', () => withLines(many(1_000_000, (at) => `text ${at}`)), refused),
  answers(
    'texts of everything, and 5 MB of marks',
    () => {
      const texts = many(50_000, (at) => `text =/f/${at}`);
      const marks = Buffer.from('boot-1\n'.repeat(700_000)).toString('base64');
      return withLines([...texts, 'boot boot-1', 'bulk', marks, '.']);
    },
    {},
  ),
  answers('a million lines of units', () => withLines(many(1_000_000, () => 'unit Id=a')), {}),
  answers('a record of an unknown kind with escape codes', () => withLines([`${clear}\u202ex`]), refused),
  answers('a status of failure and escape codes', () => '', {
    ...refused,
    start: () =>
      sshHost({
        exec: ({ channel }) => {
          channel.write('kubelatch-ready\n');
          channel.stderr.write(`${clear}no\n`.repeat(100_000));
          channel.exit(1);
          channel.end();
        },
      }),
  }),
  answers('negative and absurd numbers', () =>
    withLines(
      ['free -99999999999999999999', 'systemd 99999999', 'version -1 eA==.', 'version 1e999 eA==.'],
      goodAnswer.replace('ticks 100', 'ticks 0').replace(/btime \d+/, 'btime -1e308'),
    ),
  ),
  answers('sizes that lie', () => goodAnswer.replace(/ root:root \d+ /g, ' root:root 99999999999999999999 ')),
  answers('times beyond all calendars', () =>
    goodAnswer.replaceAll(' 1700000100 ', ' 99999999999999999999/-99999999999999999999 '),
  ),
  answers('modes that are none', () => goodAnswer.replaceAll(' 644 ', ' 99999 '), refused),
];

const odd = ['\n', clear, '/../../etc', '\u202e', '\0', '`id`', '$(id)'];

const names: readonly HostileCase[] = [
  answers('paths that hold line feeds, escape codes and ..', () =>
    withLines(
      odd.flatMap((part) => [
        statLine(`/etc/kubernetes/a${part}b`, 3),
        `content ${b64(`/etc/kubernetes/a${part}b`)} eHh4.`,
        `absent ${b64(`/var/lib/kubelet/${part}`)}`,
      ]),
    ),
  ),
  answers('files named __proto__, constructor and toString', () =>
    withFiles(
      Object.fromEntries([
        ...['constructor', 'toString', '__defineGetter__'].map((name) => [name, 'x: 1\n'] as const),
        ['/__proto__', 'x'],
      ]),
    ),
  ),
  answers('a config.yaml of __proto__ keys', () =>
    withFiles({
      [configPath]:
        'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n__proto__: { readOnlyPort: 0 }\nconstructor: { prototype: { enabled: true } }\nauthentication: { __proto__: { anonymous: { enabled: false } }, toString: 1 }\nfeatureGates: { __proto__: true, hasOwnProperty: false }\n',
    }),
  ),
  answers('accounts and journals named __proto__', () =>
    withLines(
      many(1_000, (at) => `account ${b64(['__proto__', 'constructor', clear][at % 3] ?? '')} yes yes`).concat(
        `started ${b64('__proto__')} eA==.`,
      ),
    ),
  ),
  answers('a hostname of 1 MB', () => withTag('hostname', `hostname ${b64('h'.repeat(MiB))}`)),
  answers('a hostname of escape codes', () => withTag('hostname', `hostname ${b64(`${clear}\u202enode1\u2066`)}`)),
  answers("another host's name", () => withTag('hostname', `hostname ${b64('good1\n')}`), { ends: 'judged' }),
  answers('no hostname at all', () => withTag('hostname', undefined)),
  answers('a version of escape codes and 1 MB', () =>
    goodAnswer.replace(/^version 812 .*$/m, `version 812 ${b64(`${clear}Kubernetes v1.${'9'.repeat(MiB)}`)}.`),
  ),
  answers('changes of another run with escape codes', () =>
    withLines(
      many(
        5_000,
        (at) =>
          `transaction ${b64(`run-${at}`)} ${b64(`${clear}armed`)} 5 ${b64(`${clear}root on ops`)}. ${b64('x'.repeat(400))}. ${b64(clear)}. node`,
      ),
    ),
  ),
];

const cyclic = ['/etc/a', '/etc/b'].map(
  (path, at) =>
    `stat ${b64(path)} - ${b64(at === 0 ? '/etc/b' : '/etc/a')},1700000100. 777 0:0 root:root 6 1700000100 symbolic link`,
);

const amounts: readonly HostileCase[] = [
  answers('a million records', () => withLines(many(600_000, () => 'free 1')), {}),
  answers('200,000 absent files', () => withLines(many(200_000, (at) => `absent =/etc/kubernetes/${at}`))),
  answers('200,000 times the same file', () => withLines(many(60_000, () => statLine(configPath, 1)))),
  answers('300,000 listeners', () =>
    withLines(many(300_000, (at) => `listen ${(at + 16 ** 7).toString(16).slice(-8).toUpperCase()}:280A`)),
  ),
  answers('300,000 addresses of its own', () =>
    withLines(many(300_000, (at) => `own 10.${at % 250}.${Math.floor(at / 250) % 250}.1`)),
  ),
  answers('5,000 kubelet units', () =>
    withTag('units', `units ${b64(many(5_000, (at) => unitBlock(`kubelet-${at}.service`)).join('\n'))}`),
  ),
  answers('5,000 units of one name', () =>
    withTag('units', `units ${b64(many(5_000, () => unitBlock('kubelet.service')).join('\n'))}`),
  ),
  answers('a unit with 20,000 drop-ins', () =>
    withTag(
      'units',
      `units ${b64(`${unitBlock('kubelet.service')}DropInPaths=${many(20_000, (at) => `/etc/systemd/system/kubelet.service.d/${at}.conf`).join(' ')}\n`)}`,
    ),
  ),
  answers('30,000 processes named kubelet', () =>
    withLines(
      many(
        20_000,
        (at) => `process ${at + 1_000} ${procStat(at + 1_000, 'kubelet')} ${b64('/usr/bin/kubelet\0--v=2\0')} . .`,
      ),
    ),
  ),
  answers('a chain of 20,000 processes, each the parent of the next', () =>
    withLines(
      many(
        20_000,
        (at) =>
          `process ${at + 1_000} ${b64(`${at + 1_000} (kubelet) S ${at + 999} ${'0 '.repeat(17)}500000 1 1`)} ${b64('k\0')} . .`,
      ),
    ),
  ),
  answers('two processes that are each other’s parent', () =>
    withLines(
      [812, 813].map(
        (pid) =>
          `process ${pid} ${b64(`${pid} (kubelet) S ${pid === 812 ? 813 : 812} ${'0 '.repeat(17)}500000 1 1`)} ${b64('/usr/bin/kubelet\0')} . .`,
      ),
    ),
  ),
  answers('a process with 100,000 arguments', () =>
    withTag(
      'process',
      `process 812 ${procStat(812, 'kubelet')} ${b64(`/usr/bin/kubelet\0${'--v=2\0'.repeat(100_000)}`)} ${b64('/usr/bin/kubelet')}. ${b64('/')}.`,
    ),
  ),
  answers('a process with one argument of 4 MB', () =>
    withTag(
      'process',
      `process 812 ${procStat(812, 'kubelet')} ${b64(`/usr/bin/kubelet\0--node-labels=${'a=b,'.repeat(1_000_000)}\0`)} ${b64('/usr/bin/kubelet')}. ${b64('/')}.`,
    ),
  ),
  answers('links that lead to each other', () => withLines(cyclic)),
  answers('a config-dir of 10,000 files', () =>
    withFiles(
      Object.fromEntries(
        many(10_000, (at) => `/etc/kubernetes/kubelet.conf.d/${at}.conf`).map((path) => [
          path,
          'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 0\n',
        ]),
      ),
      withTag(
        'process',
        `process 812 ${procStat(812, 'kubelet')} ${b64('/usr/bin/kubelet\0--config=/var/lib/kubelet/config.yaml\0--config-dir=/etc/kubernetes/kubelet.conf.d\0')} ${b64('/usr/bin/kubelet')}. ${b64('/')}.`,
      ),
    ),
  ),
  answers('50,000 patterns and what they match', () =>
    withLines(many(50_000, (at) => `glob ${b64(`/etc/${at}*`)} ${b64(`/etc/${at}a\n/etc/${at}b\n`)}`)),
  ),
  {
    name: 'asks for ever more files: its second answer names others than its first',
    start: () => {
      let count = 0;
      return sshHost({
        exec: (shell) =>
          answerWith(
            shell,
            withFiles({
              '/etc/default/kubelet': `KUBELET_EXTRA_ARGS=--config=/etc/other-${count++}.yaml --config-dir=/etc/d-${count}\n`,
            }),
          ),
      });
    },
    ends: judgedOrNot,
  },
];

export const answerCases: readonly HostileCase[] = [...forms, ...names, ...amounts];
