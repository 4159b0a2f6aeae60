import { describe, expect, it } from 'vitest';
import { addressOfBytes, canonicalAddress, isEveryAddress, isLoopback } from '../../src/lib/ip-address.js';

describe('canonicalAddress', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    // As the kubelet reads it, not in octal.
    ['010.000.0.5', '10.0.0.5'],
    ['2001:DB8:0:0:0:0:0:5', '2001:db8::5'],
    ['2001:0db8:0000:0000:0000:0000:0000:0005', '2001:db8::5'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['::ffff:0a00:0005', '10.0.0.5'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
    ['Node1.Example', 'node1.example'],
    ['', ''],
    ['not:an:address', 'not:an:address'],
  ])('%j is %j', (text, wanted) => {
    expect(canonicalAddress(text)).toBe(wanted);
  });
});

it('reads addresses out of their bytes', () => {
  expect(addressOfBytes(Buffer.from([10, 0, 0, 5]))).toBe('10.0.0.5');
  expect(addressOfBytes(Buffer.from('20010db8000000000000000000000005', 'hex'))).toBe('2001:db8::5');
  expect(addressOfBytes(Buffer.from('00000000000000000000ffff0a000005', 'hex'))).toBe('10.0.0.5');
  expect(addressOfBytes(Buffer.alloc(16))).toBe('::');
});

it('knows what stands for every address, and what for none but the machine itself', () => {
  expect(['', '0.0.0.0', '::', '0:0::0', '[::]'].map(isEveryAddress)).toEqual([true, true, true, true, true]);
  expect(['127.0.0.1', '10.0.0.5', '::1', 'localhost'].map(isEveryAddress)).toEqual([false, false, false, false]);
  const loopbacks = ['127.0.0.1', '127.8.0.1', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost'];
  expect(loopbacks.map(isLoopback)).toEqual(loopbacks.map(() => true));
  expect(['0.0.0.0', '::', '10.127.0.1', '::11', '2001:db8::1'].some(isLoopback)).toBe(false);
});
