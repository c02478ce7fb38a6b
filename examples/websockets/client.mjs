// One WebSocket through nginx, twenty questions on it in five seconds, and who answered each. Exit code 1 where it was cut.
const socket = new WebSocket('ws://nginx/');
let answers = 0;

socket.onopen = () => {
  setInterval(() => socket.send('hello'), 250);
};
socket.onmessage = ({ data }) => {
  console.log(data);
  answers += 1;
  if (answers === 20) socket.close();
};
socket.onclose = () => process.exit(answers === 20 ? 0 : 1);
