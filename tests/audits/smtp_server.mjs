// A mail server for tests: takes every mail, prints it as one line of JSON, and refuses recipients as their address says.
//
//   node tests/audits/smtp_server.mjs
//
// Its first line is its port. An address that begins with `gone` is refused for good, one that begins with `later` for now.
// The package `smtp-server` is looked for in AUDIT_PACKAGES, by default the playground.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const { resolve } = createRequire(join(packages, 'package.json'));
const { SMTPServer } = await import(pathToFileURL(resolve('smtp-server')));

const refusals = { gone: [550, 'no such mailbox'], later: [451, 'try again later'] };

const server = new SMTPServer({
  disabledCommands: ['STARTTLS'],
  onAuth: ({ username, password }, session, done) =>
    username === 'academy' && password === 'secret' ? done(null, { user: username }) : done(new Error('wrong password')),
  onRcptTo: ({ address }, session, done) => {
    const [word] = Object.keys(refusals).filter((word) => address.startsWith(word));
    if (!word) return done();
    const [responseCode, message] = refusals[word];
    done(Object.assign(new Error(message), { responseCode }));
  },
  onData: async (stream, { envelope }, done) => {
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const to = envelope.rcptTo.map(({ address }) => address);
    console.log(JSON.stringify({ from: envelope.mailFrom.address, to, message: Buffer.concat(chunks).toString() }));
    done();
  },
});
server.listen(0, '127.0.0.1', () => console.log(server.server.address().port));
