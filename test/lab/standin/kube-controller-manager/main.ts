// The stand-in controller manager: only there so that the same units start; its work is done inside the stand-in API server.
import { info } from '../klog.js';

if (process.argv.includes('--version'))
  process.stdout.write(`Kubernetes ${process.env['STANDIN_VERSION'] ?? 'v1.31.4'}\n`);
else {
  info('controllermanager.go:178', 'Starting');
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  setInterval(() => undefined, 3_600_000);
}
