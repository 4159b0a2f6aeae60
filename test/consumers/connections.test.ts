import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConnections } from '../../src/consumers/connections.js';

const base64 = (text: string): string => `${Buffer.from(text).toString('base64')}.`;
const processLine = (name: string, cgroup: string): string =>
  `from 0100007F:A000 0100007F:280F 42 ${base64(name)} ${base64(cgroup)}`;
const uid = '0aa7b2a1-9df0-4c41-9a32-0d3b7c7e1a11';

describe('what a node tells of connections', () => {
  it('is read with both ends, and the process where it is known', () => {
    const seen = parseConnections(
      `in 0B004D0A:280F C8004D0A:A000\nout 0100007F:A000 0100007F:280F\n${processLine('curl', '1:name=systemd:/system.slice/scrape.service\n')}\nend\n`,
    );
    const loopback = { local: { address: '127.0.0.1', port: 40960 }, remote: { address: '127.0.0.1', port: 10255 } };
    expect(seen).toEqual({
      incoming: [{ port: 10255, peer: { address: '10.77.0.200', port: 40960 } }],
      outgoing: [{ ...loopback, process: { pid: 42, name: 'curl', podUid: undefined, unit: 'scrape.service' } }],
    });
  });

  it.each([
    ['cgroup v1', `11:memory:/kubepods/burstable/pod${uid}/abc\n1:name=systemd:/kubepods/burstable/pod${uid}/abc\n`],
    [
      'cgroup v2 with systemd',
      `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-abc.scope\n`,
    ],
    ['guaranteed', `0::/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/x.scope\n`],
  ])('finds the pod of a process: %s', (_, cgroup) => {
    const seen = parseConnections(`${processLine('python3', cgroup)}\nend\n`);
    expect(seen?.outgoing[0]?.process).toMatchObject({ podUid: uid, unit: undefined });
  });

  it.each(['', 'in 0B004D0A:280F C8004D0A:A000\n', 'end', 'end\nmore\n'])('is nothing unless it ends: %j', (text) => {
    expect(parseConnections(text)).toBeUndefined();
  });

  it('never throws, and keeps names on one line', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('in', 'out', 'from', '0100007F:280F', '42', base64('a\u001b[2Jb\nc')),
    );
    fc.assert(
      fc.property(fc.array(fc.array(word, { maxLength: 7 })), (lines) => {
        const seen = parseConnections(`${lines.map((one) => one.join(' ')).join('\n')}\nend\n`);
        for (const { process } of seen?.outgoing ?? []) expect(process?.name ?? '').not.toMatch(/[\u0000-\u001f]/);
      }),
    );
  });
});
