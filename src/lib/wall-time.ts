/** Moments by this machine's wall clock and its time zone, as people give and read them. */

/** The moment that `text` means: a time of day that has passed today is tomorrow's. Undefined for any other text. */
export function momentOf(text: string, now: number): number | undefined {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined && minute !== undefined) return nextTimeOfDay(Number(hour), Number(minute), now);
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  // The 31st of a shorter month would be read as the 1st of the next.
  if (day === undefined || Number(day) > daysOf(Number(year), Number(month))) return undefined;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

/** By the calendar and not by 24 hours, which some days do not have. */
function nextTimeOfDay(hour: number, minute: number, now: number): number {
  const day = new Date(now);
  day.setHours(hour, minute, 0, 0);
  if (day.getTime() > now) return day.getTime();
  day.setDate(day.getDate() + 1);
  day.setHours(hour, minute, 0, 0);
  return day.getTime();
}

const daysOf = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** `Mon 30 Nov 05:00 CET`: with the time zone, as it is on that day. */
export function momentText(moment: number): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    timeZoneName: 'short',
  });
  const parts = new Map(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return `${of('weekday')} ${of('day')} ${of('month')} ${of('hour')}:${of('minute')} ${of('timeZoneName')}`;
}

/** `45 s`, `7 min`, `2 h`: rounded up. */
export const atMostText = (ms: number): string => inLargeUnit(ms, Math.ceil);

/** As atMostText, rounded down: for time that is left. */
export const atLeastText = (ms: number): string => inLargeUnit(ms, Math.floor);

function inLargeUnit(ms: number, round: (value: number) => number): string {
  const seconds = round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${round(minutes / 60)} h`;
}
