/** Round trips and channels, from the messages that a host has seen. */
import { expect, it } from 'vitest';
import { type Message, exchangeOf } from './round-trips.js';

const login: readonly Message[] = [
  { at: 0, text: 'Inbound: Received USERAUTH_REQUEST (publickey)' },
  { at: 1, text: 'Outbound: Sending USERAUTH_SUCCESS' },
];
const at = (start: number, ...texts: readonly string[]): Message[] => texts.map((text) => ({ at: start, text }));

it('counts a message that waited for an answer, and not those that went out together', () => {
  const open = ['Inbound: CHANNEL_OPEN (s:0, session)', 'Outbound: Sending CHANNEL_OPEN_CONFIRMATION (r:0)'];
  const exec = ['Inbound: CHANNEL_REQUEST (r:0, exec: sh)', 'Inbound: CHANNEL_DATA (r:0, 900)'];
  expect(exchangeOf([...login, ...at(101, ...open)], 100)).toEqual({ roundTrips: 1, channels: 1 });
  const together = [...login, ...at(101, ...open), ...at(202, ...exec)];
  expect(exchangeOf(together, 100)).toEqual({ roundTrips: 2, channels: 1 });
  const apart = [
    ...[...login, ...at(101, ...open), ...at(202, ...exec.slice(0, 1), 'Outbound: Sending CHANNEL_SUCCESS (r:0)')],
    ...at(303, ...exec.slice(1)),
  ];
  expect(exchangeOf(apart, 100)).toEqual({ roundTrips: 3, channels: 1 });
});

it('takes channels side by side as one wait', () => {
  const ports = [
    ...at(101, 'Inbound: CHANNEL_OPEN (s:1, direct-tcpip)', 'Outbound: Sending CHANNEL_OPEN_CONFIRMATION (r:1)'),
    ...at(102, 'Inbound: CHANNEL_OPEN (s:2, direct-tcpip)', 'Outbound: Sending CHANNEL_OPEN_CONFIRMATION (r:2)'),
  ];
  expect(exchangeOf([...login, ...ports], 100)).toEqual({ roundTrips: 1, channels: 2 });
});

it('leaves out what nothing waits for, and all before the login', () => {
  const asides = at(500, 'Inbound: CHANNEL_WINDOW_ADJUST (r:0, 9)', 'Inbound: CHANNEL_EOF (r:0)', 'Socket ended');
  expect(exchangeOf([...login, ...asides], 100)).toEqual({ roundTrips: 0, channels: 0 });
  expect(exchangeOf(login.slice(0, 1), 100)).toEqual({ roundTrips: 0, channels: 0 });
});
