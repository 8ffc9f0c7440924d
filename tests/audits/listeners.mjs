// Listens with a client that others wrote, and prints what it hears, one JSON object a line: the answer of a query, the code
// of a refusal, one event, and, with another connection, the event behind it.
//
//   node tests/audits/listeners.mjs ws|sse 127.0.0.1:8080/graphql org_…
//
// AUDIT_TOKEN is whose token it listens with. The packages are looked for in AUDIT_PACKAGES, by default the playground.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [transport, address, organization] = process.argv.slice(2);
const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const require = createRequire(join(packages, 'package.json'));
const authorization = `Bearer ${process.env.AUDIT_TOKEN}`;

/** A client of either protocol; both have the same face. */
function open() {
  if (transport === 'ws') {
    return require('graphql-ws').createClient({
      url: `ws://${address}`, webSocketImpl: require('ws'), connectionParams: { authorization }, retryAttempts: 0,
    });
  }
  return require('graphql-sse').createClient({
    url: `http://${address}`, headers: { authorization }, retryAttempts: 0,
  });
}

const say = (what) => console.log(JSON.stringify(what));

/** The first answer of an operation; the client is gone when it has come. */
async function first(query, variables) {
  const client = open();
  try {
    for await (const answer of client.iterate({ query, variables })) return answer;
    throw new Error('no answer');
  } finally {
    client.dispose();
  }
}

const query = await first('query Q($id: ID!) { organization(id: $id) { slug } }', { id: organization });
say({ query: query.data.organization.slug });

// A refusal is an error of the WebSocket's client, and an answer of the other's.
const errors = await first('{ nothing }').then((answer) => answer.errors, (errors) => errors);
say({ refused: errors[0].extensions.code });

const events = 'subscription($id: ID!, $after: String) { events(organizationId: $id, after: $after) { type cursor } }';
let after = null;
for (let n = 0; n < 2; n += 1) {
  const { data: { events: event } } = await first(events, { id: organization, after });
  say({ event: event.type });
  after = event.cursor;
}
