// Lines as logrus writes them to a journal, and the end that a fatal one brings.
type Level = 'info' | 'warning' | 'error' | 'fatal';

function write(level: Level, message: string): void {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  process.stderr.write(`time="${time}" level=${level} msg=${JSON.stringify(message)}\n`);
}

export const info = (message: string): void => write('info', message);
export const warning = (message: string): void => write('warning', message);
export const error = (message: string): void => write('error', message);

export function fatal(message: string): never {
  write('fatal', message);
  process.exit(1);
}
