/** What tests ask so that a page meets a backend that is newer than itself; called by deployment.resource. */

/**
 * From its next load on the page hears what a newer backend says: frames of types that it does not know come between the others,
 * those that it knows carry more than it knows, and lack what they need not have; only the greeting is the same. Lists over REST have
 * more fields, too.
 */
async function meetNewerBackend(page) {
  await page.routeWebSocket('**/ws', (socket) => {
    socket.connectToServer().onMessage((message) => {
      const { timestamp, ...frame } = JSON.parse(message);
      if (frame.type === 'connection_established') return socket.send(message);
      const more = { ...frame, shard: 'b', payload: { ...frame.payload, mood: { calm: 0.9 }, tags: [] } };
      const unknown = { type: 'thread_mood', thread_id: frame.thread_id, payload: { mood: 'calm' } };
      for (const one of [unknown, more]) socket.send(JSON.stringify(one));
      return undefined;
    });
  });
  await page.route('**/api/threads*', async (route) => {
    const answer = await route.fetch();
    const body = await answer.json();
    const threads = body.threads?.map((thread) => ({ ...thread, mood: 'calm', folder: null }));
    await route.fulfill({ response: answer, json: { ...body, ...(threads && { threads }), total: threads?.length } });
  });
}

exports.__esModule = true;
Object.assign(exports, { meetNewerBackend });
