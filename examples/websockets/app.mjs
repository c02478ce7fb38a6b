// Answers each message with its name and the message: just enough of RFC 6455 for short texts that come one at a time. A
// real server takes a library.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const server = createServer();
const sockets = new Set();

server.on('upgrade', (request, socket) => {
  const accepts = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${createHash('sha1').update(accepts).digest('base64')}\r\n\r\n`,
  );
  socket.on('data', (frame) => {
    if ((frame[0] & 0x0f) === 8) return socket.end(closing);
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + (frame[1] & 0x7f)).map((byte, index) => byte ^ mask[index % 4]);
    const answer = Buffer.concat([Buffer.from(`${hostname()} `), text]);
    socket.write(Buffer.concat([Buffer.from([0x81, answer.length]), answer]));
  });
  sockets.add(socket);
  socket.on('error', () => {}).on('close', () => sockets.delete(socket));
});
server.listen(8000);

// 1001: going away, so that clients know to connect anew.
const closing = Buffer.from([0x88, 2, 1001 >> 8, 1001 & 0xff]);
process.on('SIGTERM', () => {
  server.close();
  for (const socket of sockets) socket.end(closing);
});
