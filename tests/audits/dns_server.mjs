// A name server for tests: answers text records over UDP and TCP, and what it has it is told line by line.
//
//   node tests/audits/dns_server.mjs
//
// Its first line is its port. A line of its input such as `{"name": "_a.example.org", "texts": [["one string"], ["two ", "strings"]]}`
// sets what stands at a name, and is answered by an empty line; what was never set is not there, and what is set to null is
// answered by SERVFAIL. The package `dns2` is looked for in AUDIT_PACKAGES, by default the playground.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const { createServer, Packet } = createRequire(join(packages, 'package.json'))('dns2');

const zone = new Map();
const [SERVFAIL, NXDOMAIN] = [2, 3];

const server = createServer({
  udp: true,
  tcp: true,
  handle: (request, send) => {
    const response = Packet.createResponseFromRequest(request);
    const [{ name, type }] = request.questions;
    const texts = zone.get(name.toLowerCase());
    if (texts === undefined) response.header.rcode = NXDOMAIN;
    if (texts === null) response.header.rcode = SERVFAIL;
    if (type === Packet.TYPE.TXT) {
      for (const data of texts ?? []) response.answers.push({ name, type, class: Packet.CLASS.IN, ttl: 60, data });
    }
    send(response);
  },
});

createInterface({ input: process.stdin }).on('line', (line) => {
  const { name, texts } = JSON.parse(line);
  zone.set(name, texts);
  console.log();
});

const free = await new Promise((resolve) => {
  const probe = createServer({ tcp: true, handle: () => {} });
  probe.listen({ tcp: { port: 0, address: '127.0.0.1' } }).then(({ tcp }) => probe.close().then(() => resolve(tcp.port)));
});
await server.listen({ udp: { port: free, address: '127.0.0.1' }, tcp: { port: free, address: '127.0.0.1' } });
console.log(free);
