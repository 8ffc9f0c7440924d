// A provider of OpenID Connect for tests: the package `oidc-provider`, whose people sign in by plain HTTP.
//
//   node tests/audits/oidc_provider.mjs
//
// Its first line is its issuer. It takes the clients `academy` (secret by header), `academy-post` (secret in the body, ES256)
// and `academy-eddsa`, all with the secret `secret`, and any redirect URI. Who is sent to `/interaction/<id>` posts there:
// `sub`, `email`, `verified`, `given`, `family`, or `deny`. `POST /rotate` makes new keys. The package is looked for in
// AUDIT_PACKAGES, by default the playground.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const packages = process.env.AUDIT_PACKAGES ?? fileURLToPath(new URL('../../playground', import.meta.url));
const { resolve } = createRequire(join(packages, 'package.json'));
const { Provider } = await import(pathToFileURL(resolve('oidc-provider')));

const people = new Map();

const keys = () =>
  [
    ['rsa', { modulusLength: 2048 }, 'RS256'],
    ['ec', { namedCurve: 'P-256' }, 'ES256'],
    ['ed25519', {}, 'EdDSA'],
  ].map(([type, options, alg]) => {
    const { privateKey } = generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
  });

const client = (client_id, more) => ({
  client_id,
  client_secret: 'secret',
  redirect_uris: ['http://localhost:8080/sign-in/callback'],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  ...more,
});

const provider = (issuer) => {
  return new Provider(issuer, {
    clients: [
      client('academy', {}),
      client('academy-post', { token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'ES256' }),
      client('academy-eddsa', { id_token_signed_response_alg: 'EdDSA' }),
    ],
    jwks: { keys: keys() },
    cookies: { keys: ['tests'] },
    pkce: { required: () => false },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
    claims: { email: ['email', 'email_verified'], profile: ['given_name', 'family_name'] },
    findAccount: (ctx, sub) => ({
      accountId: sub,
      claims: () => {
        const { email, verified, given, family } = people.get(sub);
        return { sub, email, email_verified: verified === 'true', given_name: given, family_name: family };
      },
    }),
    // Nobody is asked for consent.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
};

const form = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
};

let current;
const server = createServer(async (request, response) => {
  const [path] = request.url.split('?');
  if (path === '/rotate') {
    current = provider(issuer);
    return response.end();
  }
  if (!path.startsWith('/interaction/')) return current.callback()(request, response);
  if (request.method !== 'POST') return response.end('sign in here');
  const { deny, sub, ...profile } = await form(request);
  if (deny) return current.interactionFinished(request, response, { error: 'access_denied', error_description: '<b>no</b>' });
  people.set(sub, profile);
  return current.interactionFinished(request, response, { login: { accountId: sub } }, { mergeWithLastSubmission: false });
});
let issuer;
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  current = provider(issuer);
  console.log(issuer);
});
