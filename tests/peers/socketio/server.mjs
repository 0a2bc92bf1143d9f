// A Socket.IO server that nobody here wrote, on a free port of the loopback address.
//
// The first line of its input lets it start; a line of its output tells its URL. It ends with its input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Server } from 'socket.io';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await lines.next();

const http = createServer();
function chatAt(path, transports) {
  const chat = new Server(http, { path, transports, pingInterval: 20, pingTimeout: 20_000 });
  chat.on('connection', (socket) => {
    socket.on('say', (text, acknowledge) => acknowledge({ heard: text }));
    socket.on('picture', (picture, note) => socket.emit('picture', { first: picture, second: picture.subarray(1) }, note));
    socket.on('ask me', () => socket.emit('ready?', (answer) => socket.emit('answered', answer)));
    socket.on('count', (last) => Array.from({ length: last }, (_, n) => socket.emit('counted', n + 1)));
    socket.on('leave', () => socket.disconnect());
    socket.on('drop me', () => socket.conn.close());
  });
  return chat;
}

const chat = chatAt('/chat', ['websocket']);
chatAt('/polled', ['polling']);

const rooms = chat.of('/rooms');
rooms.use((socket, next) => {
  if (socket.handshake.auth.token) return next();
  const error = new Error('sign in first');
  error.data = { code: 'unauthorized' };
  return next(error);
});
rooms.on('connection', (socket) => {
  socket.on('join', (room, acknowledge) => {
    socket.join(room);
    acknowledge();
  });
  socket.on('tell', (room, text) => rooms.to(room).emit('told', room, text));
});

// Ends clients that don't answer its heartbeat; one that polls must have had the time to fetch it.
new Server(http, { path: '/impatient', transports: ['polling', 'websocket'], pingInterval: 20, pingTimeout: 500 });

http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `ws://127.0.0.1:${http.address().port}` })}\n`);
});

while (!(await lines.next()).done);
process.exit(0);
