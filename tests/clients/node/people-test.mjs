// A person signs in to every client of a scene (a JSON file, the only argument) through people.mjs; prints one line per client.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { decodeJwt } from 'jose';
import * as client from 'openid-client';

import { authentication, connect } from './client.mjs';
import { begin, finish, proofs, renew, whoIs } from './people.mjs';

const scene = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { issuer, redirect_uri, scope } = scene;

/** What the browser of a person comes back to. */
async function walked(url) {
  const answer = await fetch(`${scene.person}?url=${encodeURIComponent(url)}`);
  return answer.text();
}

for (const one of scene.clients) {
  const proof = one.method === 'none' ? client.None() : await authentication(one.method, { secret: one.client_secret, privateKeyPem: one.private_key, signingAlg: 'ES256' });
  const config = await connect(issuer, one.client_id, proof);
  // The signature of ID tokens too, though they come over TLS.
  client.enableNonRepudiationChecks(config);
  const options = one.dpop ? await proofs(config) : undefined;

  const { url, kept } = await begin(config, { redirect_uri, scope });
  const back = await walked(url);
  await assert.rejects(finish(config, back, { ...kept, expectedState: 'another' }, options), { code: 'OAUTH_INVALID_RESPONSE' });
  const { tokens, claims } = await finish(config, back, kept, options);
  assert.equal(tokens.token_type, one.dpop ? 'dpop' : 'bearer');
  assert.deepEqual([claims.iss, claims.aud, claims.acr], [issuer, one.client_id, 'urn:claimsmith:acr:password']);
  assert.equal(typeof decodeJwt(tokens.access_token).cnf?.jkt, one.dpop ? 'string' : 'undefined');

  const info = await whoIs(config, tokens, claims, options);
  assert.deepEqual([info.name, info.email, info.email_verified], ['Alice Doe', 'alice@example.org', true]);
  if (one.dpop) await assert.rejects(whoIs(config, tokens, claims, await proofs(config)), 'a key of somebody else');

  const second = await renew(config, tokens, options);
  assert.notEqual(second.access_token, tokens.access_token);
  assert.equal(second.claims().sub, claims.sub);
  await whoIs(config, second, claims, options);

  // Who is known and has agreed is asked nothing.
  const silent = await begin(config, { redirect_uri, scope, prompt: 'none' });
  assert.equal((await finish(config, await walked(silent.url), silent.kept, options)).claims.sub, claims.sub);

  // A code is good once; what came of it ends when it comes back.
  await assert.rejects(finish(config, back, kept, options), { error: 'invalid_grant' });
  await assert.rejects(renew(config, second, options), { error: 'invalid_grant' });
  console.log(`${one.name} ok`);
}

// What the server refuses arrives as an error.
const [first] = scene.clients;
const config = await connect(issuer, first.client_id, await authentication(first.method, { secret: first.client_secret }));
const refused = await begin(config, { redirect_uri, scope: 'openid unheard-of' });
await assert.rejects(finish(config, await walked(refused.url), refused.kept), { error: 'invalid_scope' });
console.log('errors ok');
