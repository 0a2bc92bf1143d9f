// A server of GraphQL over WebSocket that nobody here wrote, on a free port of the loopback address.
//
// The first line of its input lets it start; a line of its output tells its URL. It ends with its input.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { buildSchema } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const schema = buildSchema(`
  type Query { hello(name: String!): String! }
  type Subscription { countdown(from: Int!): Int!, silence: Int }
`);

async function* countdown({ from }) {
  for (let left = from; left >= 0; left -= 1) yield { countdown: left };
}

// Says nothing until the client has had enough.
async function* silence() {
  await new Promise(() => {});
  yield { silence: 0 };
}

const roots = { query: { hello: ({ name }) => `Hello, ${name}` }, subscription: { countdown, silence } };

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
await lines.next();

const onConnect = ({ connectionParams: params }) => params?.token !== 'expired';

function serving(connectionInitWaitTimeout) {
  const server = new WebSocketServer({ noServer: true });
  useServer({ schema, roots, onConnect, connectionInitWaitTimeout }, server);
  return server;
}

const servers = { '/graphql': serving(20_000), '/impatient': serving(50) };

const http = createServer();
http.on('upgrade', (request, socket, head) => {
  const server = servers[request.url];
  server.handleUpgrade(request, socket, head, (connection) => server.emit('connection', connection, request));
});
http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ url: `ws://127.0.0.1:${http.address().port}` })}\n`);
});

while (!(await lines.next()).done);
process.exit(0);
