// Takes requests for certificates over TLS as an API server does: folder with ca.crt, server.crt and server.key, then the status of its answers.
// Prints its port; each request that comes is a line in the folder's asked.ndjson.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

const [folder, status] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name));
const server = createServer(
  {
    ca: read('ca.crt'),
    cert: read('server.crt'),
    key: read('server.key'),
    requestCert: true,
    rejectUnauthorized: true,
  },
  (request, response) => {
    let body = '';
    request.on('data', (text) => (body += text));
    request.on('end', () => {
      const user = request.socket.getPeerCertificate().subject.CN;
      const asked = { method: request.method, url: request.url, user, body: JSON.parse(body) };
      appendFileSync(join(folder, 'asked.ndjson'), `${JSON.stringify(asked)}\n`);
      const answer =
        status === '201' ? { kind: 'CertificateSigningRequest' } : { kind: 'Status', message: 'no "rights" here' };
      response.writeHead(Number(status), { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  },
);
server.on('tlsClientError', () => undefined);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
