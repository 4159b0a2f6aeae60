/** The least that a program of Node.js can do: connect with ssh2, run the probe once, read the answer. floor.js LIST PORT USER KEY HOST-KEY PARALLEL PROBE */
import { readFileSync } from 'node:fs';
import { Client } from 'ssh2';

const [list = '', port = '', user = '', key = '', hostKey = '', parallel = '', probe = ''] = process.argv.slice(2);
const left = readFileSync(list, 'utf8').trim().split('\n');
const privateKey = readFileSync(key);
const wanted = Buffer.from(hostKey.split(' ')[1] ?? '', 'base64');
const text = readFileSync(probe, 'utf8');

/** The whole answer of one host. Rejects where the connection fails or the probe does not end well. */
function ask(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    client.on('error', reject);
    client.on('ready', () => {
      client.exec('sh -s', (error, channel) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        const chunks: Buffer[] = [];
        let status: number | null = null;
        channel.on('data', (chunk: Buffer) => chunks.push(chunk));
        channel.stderr.resume();
        channel.on('exit', (code: number | null) => (status = code));
        channel.on('close', () => {
          client.end();
          if (status === 0) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(new Error(`exit status ${status ?? 'none'}`));
        });
        channel.end(text);
      });
    });
    const hostVerifier = (seen: Buffer): boolean => seen.equals(wanted);
    client.connect({ host, port: Number(port), username: user, privateKey, hostVerifier, readyTimeout: 600_000 });
  });
}

async function work(): Promise<void> {
  for (let host = left.shift(); host !== undefined; host = left.shift()) {
    try {
      const isWhole = (await ask(host)).endsWith('\nend\n');
      process.stdout.write(`${host} ${isWhole ? 'answered' : 'was cut off'}\n`);
    } catch (error) {
      process.stderr.write(`${host}: ${String(error)}\n`);
      process.exitCode = 1;
    }
  }
}

await Promise.all(Array.from({ length: Number(parallel) }, work));
