// A WebSocket server that nobody here wrote, on a free port of the loopback address, whose behaviour is chosen by the path.
//
// The first line of its input may say how it compresses; a line of its output tells its URL. It ends with its input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

const refusals = {
  '/refused/401': [401, 'sign in first', { 'WWW-Authenticate': 'Bearer realm="chat"' }],
  '/refused/403': [403, 'not from this origin'],
};

const paths = {
  '/echo': (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  // Says that the session is over, and never ends TCP by itself.
  '/lingering': (socket, { socket: tcp }) => {
    tcp.end = () => tcp;
    socket.on('message', () => socket.close(4001, 'session over'));
  },
  '/pinging': (socket) => {
    socket.on('pong', (data) => socket.send(JSON.stringify({ type: 'ponged', data: data.toString() })));
    socket.on('ping', (data) => socket.send(JSON.stringify({ type: 'pinged', bytes: data.length })));
    socket.ping('are you there?');
  },
  '/fragments': (socket) => {
    socket.send('{"type":"whole",', { fin: false });
    socket.send('"parts":', { fin: false });
    socket.send('3}', { fin: true });
  },
  '/large': (socket) => socket.send(JSON.stringify({ type: 'large', text: 'x'.repeat(2 ** 20) })),
  '/strict': (socket) => socket.on('error', (error) => process.stderr.write(`${error.message}\n`)),
  '/silent-end': (socket) => socket.close(),
  '/vanishing': (socket) => socket.on('message', () => socket.terminate()),
};

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const { compression } = JSON.parse((await lines.next()).value);

const http = createServer();
const server = new WebSocketServer({
  server: http,
  // Also of frames that are hardly worth it.
  perMessageDeflate: { threshold: 0, ...compression },
  maxPayload: 2 ** 16,
  handleProtocols: (offered) => ['chat.v2', 'chat.v1'].find((one) => offered.has(one)) ?? false,
  verifyClient: ({ req }, answer) => {
    const refusal = refusals[req.url];
    if (refusal) answer(false, ...refusal);
    else answer(true);
  },
});
server.on('connection', (socket, request) => {
  const closing = /^\/close\/(\d+)$/.exec(request.url);
  if (closing) socket.close(Number(closing[1]), 'as you wish');
  else paths[request.url](socket, request);
});
http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `ws://127.0.0.1:${http.address().port}` })}\n`);
});

while (!(await lines.next()).done);
process.exit(0);
