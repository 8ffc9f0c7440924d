// Runs the audits of GraphQL over HTTP against a server and prints their outcome as JSON.
//
//   node tests/audits/graphql_http.mjs http://127.0.0.1:8080/graphql
//
// The audits select `__type`, so AUDIT_TOKEN has to be a token that may introspect, unless everybody may.
// The package `graphql-http` is looked for in AUDIT_PACKAGES, by default the playground.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const url = process.argv[2];
if (!url) {
  console.error('usage: node graphql_http.mjs <address of the GraphQL endpoint>');
  process.exit(2);
}

const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const { resolve } = createRequire(join(packages, 'package.json'));
const { auditServer } = await import(pathToFileURL(resolve('graphql-http')));

const token = process.env.AUDIT_TOKEN;
const authorization = token ? { authorization: `Bearer ${token}` } : {};
const fetchFn = (input, init = {}) => fetch(input, { ...init, headers: { ...init.headers, ...authorization } });

const results = await auditServer({ url, fetchFn });
const failures = results
  .filter((result) => result.status !== 'ok')
  .map(({ id, name, status, reason }) => ({ id, name, status, reason }));
console.log(JSON.stringify({ total: results.length, passed: results.length - failures.length, failures }, null, 2));
