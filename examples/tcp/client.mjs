// Six connections through nginx, one after the other, a line on each, and who answered.
import { once } from 'node:events';
import { connect } from 'node:net';

for (let count = 0; count < 6; count += 1) {
  const socket = connect(7000, 'nginx');
  socket.write('hello\n');
  const [answer] = await once(socket, 'data');
  process.stdout.write(answer);
  socket.destroy();
}
