/** Messages that nobody asked for: a server that sends a few keeps its connection, one that floods loses it, with the reason told. */
import { expect, test } from 'vitest';
import { limitUnsolicited, MAX_UNSOLICITED } from '../../src/ssh/unsolicited.js';

const lines = [
  'Inbound: GLOBAL_REQUEST (keepalive@openssh.com)',
  'Inbound: CHANNEL_REQUEST (r:0, exit-status: 0)',
  'Inbound: CHANNEL_OPEN (s:1, x11)',
  'Inbound: Received IGNORE',
  'Inbound: Received DEBUG',
];

test.each(lines)('counts: %s', (line) => {
  const told: string[] = [];
  const count = limitUnsolicited((error) => told.push(error.message), 3);
  for (let i = 0; i < 3; i++) count(line);
  expect(told).toEqual([]);
  for (let i = 0; i < 3; i++) count(line);
  expect(told).toEqual(['the server sent more than 3 unsolicited SSH messages']);
});

test.each([
  'Inbound: CHANNEL_DATA (r:0, 32768)',
  'Inbound: CHANNEL_OPEN_CONFIRMATION (r:0, s:0)',
  'Inbound: CHANNEL_WINDOW_ADJUST (r:0, 2097152)',
  'Outbound: Sending CHANNEL_REQUEST (r:0, exec: true)',
])('never counts what was asked for: %s', (line) => {
  const told: string[] = [];
  const count = limitUnsolicited((error) => told.push(error.message));
  for (let i = 0; i <= 2 * MAX_UNSOLICITED; i++) count(line);
  expect(told).toEqual([]);
});
