// Log lines in klog's form on stderr, as systemd's journal gets them from the real programs.
type Level = 'I' | 'W' | 'E';

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function stamp(now: Date): string {
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map((part) => pad(part, 2)).join(':');
  return `${pad(now.getMonth() + 1, 2)}${pad(now.getDate(), 2)} ${time}.${pad(now.getMilliseconds() * 1000, 6)}`;
}

type Pairs = Readonly<Record<string, string | number>>;

/** One line, ended, for a log that is not this process's own. */
export function line(level: Level, place: string, message: string, pairs: Pairs): string {
  const rest = Object.entries(pairs).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const pid = String(process.pid).padStart(7, ' ');
  return `${level}${stamp(new Date())} ${pid} ${place}] ${JSON.stringify(message)}${rest.join('')}\n`;
}

function write(level: Level, place: string, message: string, pairs: Pairs): void {
  process.stderr.write(line(level, place, message, pairs));
}

export function info(place: string, message: string, pairs: Readonly<Record<string, string | number>> = {}): void {
  write('I', place, message, pairs);
}

export function warning(place: string, message: string, pairs: Readonly<Record<string, string | number>> = {}): void {
  write('W', place, message, pairs);
}

export function error(place: string, message: string, pairs: Readonly<Record<string, string | number>> = {}): void {
  write('E', place, message, pairs);
}

/** What a thrown value says. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
