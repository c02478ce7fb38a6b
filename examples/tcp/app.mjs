// Answers each line with its name and the line. Told to stop, it takes no new connection and finishes those it has.
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';

const server = createServer((socket) => {
  socket.on('error', () => {});
  createInterface({ input: socket }).on('line', (line) => socket.write(`${hostname()} ${line}\n`));
});
server.listen(7000);

process.on('SIGTERM', () => {
  setTimeout(() => server.close(), 1000);
});
