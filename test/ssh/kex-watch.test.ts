/** What can be seen of a handshake, however its bytes are cut, and bytes that are none. */
import { describe, expect, it } from 'vitest';
import { createKexWatch, lackCommon } from '../../src/ssh/kex-watch.js';
import { sshString, uint32 } from '../../src/ssh/wire.js';

const sent = (payload: Buffer): Buffer =>
  Buffer.concat([uint32(payload.length + 5), Buffer.from([4]), payload, Buffer.alloc(4)]);
const kexInit = (...lists: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from([20]), Buffer.alloc(16), ...lists.map((list) => sshString(list))]);
const hostKey = Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.alloc(32))]);
const handshake = Buffer.concat([
  Buffer.from('welcome\r\nSSH-2.0-x\r\n'),
  sent(kexInit('a,b', 'k', 'c', 'c')),
  sent(Buffer.concat([Buffer.from([31]), sshString(hostKey), sshString('s')])),
  sent(Buffer.from([21])),
  Buffer.from('encrypted from here on'),
]);

describe('a handshake', () => {
  it.each([1, 7, 10_000])('is followed in pieces of %i bytes', (size) => {
    const watch = createKexWatch();
    const keys: Buffer[] = [];
    expect(watch.hasBegun).toBe(false);
    for (let at = 0; at < handshake.length; at += size) keys.push(...watch.take(handshake.subarray(at, at + size)));
    expect(keys).toEqual([hostKey]);
    expect(watch).toMatchObject({ hasBegun: true, isDone: true, offer: [['a', 'b'], ['k'], ['c'], ['c']] });
  });

  it('of a group exchange has a large number where others have the key', () => {
    const watch = createKexWatch();
    const group = Buffer.concat([Buffer.from([31]), sshString(Buffer.alloc(257, 0xff)), sshString('g')]);
    const reply = Buffer.concat([Buffer.from([33]), sshString(hostKey)]);
    expect(watch.take(Buffer.concat([Buffer.from('SSH-2.0-x\n'), sent(group), sent(reply)]))).toEqual([hostKey]);
  });

  it.each([
    ['no version', Buffer.alloc(100_000, 'x')],
    ['a length that is impossible', Buffer.concat([Buffer.from('SSH-2.0-x\n'), Buffer.alloc(8, 0xff)])],
    ['a field that is too long', Buffer.concat([Buffer.from('SSH-2.0-x\n'), sent(Buffer.from([31, 0, 0, 1, 0]))])],
    ['more padding than packet', Buffer.concat([Buffer.from('SSH-2.0-x\n'), uint32(3), Buffer.from([200, 1, 1])])],
  ])('is none: %s', (_, bytes) => {
    expect(() => createKexWatch().take(bytes)).toThrow(RangeError);
  });
});

it('two sides need something in common for each purpose', () => {
  const ours = [['a', 'b'], ['k'], ['c'], ['c', 'd']];
  expect(lackCommon(ours, [['b'], ['k'], ['c'], ['d']])).toBe(false);
  expect(lackCommon(ours, [['x'], ['k'], ['c'], ['d']])).toBe(true);
  expect(lackCommon(ours, [['a'], ['k'], ['c']])).toBe(true);
});
