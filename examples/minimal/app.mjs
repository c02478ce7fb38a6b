// Says which container answers. Told to stop, it serves on for a second, while nginx learns of it, and finishes what it has.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const server = createServer((request, response) => {
  response.end(`${process.env.SERVICE ?? 'app'} ${hostname()}\n`);
});
// Longer than nginx keeps an idle connection (60 s), so that the app is never the one that closes it.
server.keepAliveTimeout = 75_000;
server.listen(8000);

process.on('SIGTERM', () => setTimeout(() => server.close(), 1000));
