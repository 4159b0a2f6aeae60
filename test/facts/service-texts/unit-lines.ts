/** Lines, sections and continuations of units. */
import { type ServiceText, runs, service } from './service-text.js';

export const lines: readonly ServiceText[] = [
  {
    name: 'a comment between continuation lines',
    unit: service('ExecStart=~x~ --a \\', '# why \\', '  ; not', ' --b'),
  },
  { name: 'a blank line ends a continuation', unit: service('ExecStart=~x~ --a \\', '', 'Environment=A=1') },
  { name: 'blanks that begin a continued line', unit: service('ExecStart=~x~ "a\\', '    b" c\\', 'd') },
  { name: 'a continuation at the end of the file', unit: '[Service]\nExecStart=~x~ --a \\' },
  { name: 'two backslashes at a line’s end', unit: service('ExecStart=~x~ --a\\\\', 'Environment=A=1') },
  { name: 'three backslashes at a line’s end', unit: service('ExecStart=~x~ a\\\\\\', 'b') },
  { name: 'a backslash and a blank at a line’s end', unit: service('ExecStart=~x~ a\\ ', 'Environment=A=1') },
  { name: 'lines that end with CR LF', unit: '[Service]\r\nExecStart=~x~ --a \\\r\n  --b\r\n' },
  { name: 'lines that end with CR', unit: '[Service]\rEnvironment=A=1\rExecStart=~x~ $A\r' },
  { name: 'lines that end with LF CR', unit: '[Service]\n\rExecStart=~x~ --a\n\r' },
  { name: 'a byte order mark', unit: '\uFEFF[Service]\nExecStart=~x~ --a\n' },
  { name: 'a byte order mark on a later line', unit: '[Service]\n\uFEFFExecStart=~x~ --a\n' },
  { name: 'blanks around the equals sign', unit: service('  ExecStart \t=  ~x~   --a  --b \t') },
  { name: 'a tab is a blank, a no-break space is none', unit: runs('a\tb\u00a0c\u2003d \u00a0') },
  { name: 'a form feed and a vertical tab are no blanks', unit: runs('a\fb\vc') },
  { name: 'a comment behind a value is part of it', unit: runs('--a # no comment') },
  {
    name: 'a section twice',
    unit: '[Service]\nEnvironment=A=1\n[Unit]\nEnvironment=A=2\n[Service]\nExecStart=~x~ $A\n',
  },
  {
    name: 'a section that systemd does not know',
    unit: '[Service]\nExecStart=~x~ $A\n[X-Mine]\nEnvironment=A=1\n[Foo]\nEnvironment=A=2\n',
  },
  { name: 'a section in other case', unit: '[Service]\nExecStart=~x~ $A\n[service]\nEnvironment=A=1\n' },
  { name: 'a key in other case', unit: service('ExecStart=~x~ $A', 'environment=A=1', 'EXECSTART=~x~ b') },
  { name: 'blanks in a section’s brackets', unit: '[Service]\nExecStart=~x~ $A\n[ Service ]\nEnvironment=A=1\n' },
  {
    name: 'blanks around a section’s brackets',
    unit: '[Service]\nExecStart=~x~ $A\n[Unit]\n  [Service] \t\nEnvironment=A=1\n',
  },
  { name: 'a comment behind a section', unit: '[Service]\nExecStart=~x~ a\n[Install] # when\nWantedBy=x.target\n' },
  { name: 'a section without its bracket', unit: '[Service\nExecStart=~x~ a\n' },
  { name: 'a quote in a section', unit: '[Service]\nExecStart=~x~ a\n["Unit"]\nX=1\n' },
  { name: 'lines before any section', unit: 'ExecStart=~x~ a\n[Service]\nExecStart=~x~ b\n' },
  { name: 'lines that are nothing', unit: service('junk', '=a', 'ExecStart=~x~ a', 'more junk') },
  { name: 'a continued section', unit: '[Ser\\\nvice]\nExecStart=~x~ a\n' },
  { name: 'a continued key', unit: service('Exec\\', 'Start=~x~ a') },
];
