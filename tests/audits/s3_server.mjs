// A store that speaks S3 for tests: the package `s3rver` with a bucket `academy`.
//
//   node tests/audits/s3_server.mjs <folder>
//
// Its first line is its address; key id and secret are `S3RVER`. The package is looked for in AUDIT_PACKAGES, by default the
// playground.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const S3rver = createRequire(join(packages, 'package.json'))('s3rver');

const server = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: process.argv[2],
  resetOnClose: true,
  configureBuckets: [{ name: 'academy' }],
});
const { address, port } = await server.run();
console.log(`http://${address}:${port}`);
