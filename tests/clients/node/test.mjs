// Walks every client of a scene (a JSON file, the only argument) through client.mjs; prints one line per walk.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { SignJWT, generateKeyPair } from 'jose';

import { authentication, connect, introspect, obtain, revoke, verifier } from './client.mjs';

const scene = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { issuer, resource, scope } = scene;

async function enter(one) {
  const proof = await authentication(one.method, {
    secret: one.client_secret,
    privateKeyPem: one.private_key,
    signingAlg: one.signing_alg,
  });
  return connect(issuer, one.client_id, proof);
}

async function walk(one, reader) {
  const config = await enter(one);
  const answer = await obtain(config, { scope, resource });
  assert.equal(answer.token_type, 'bearer', 'the library lowers it');
  assert.equal(answer.scope, scope);
  const token = answer.access_token;

  const claims = await verifier(config, resource)(token);
  assert.equal(claims.iss, issuer);
  assert.equal(claims.aud, resource);
  assert.equal(claims.client_id, one.client_id);
  assert.equal(claims.sub, one.client_id);
  assert.equal(claims.exp - claims.iat, answer.expires_in);
  await assert.rejects(verifier(config, 'https://elsewhere.example')(token), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });

  for (const caller of [config, reader]) {
    const found = await introspect(caller, token);
    assert.deepEqual([found.active, found.client_id, found.scope, found.aud], [true, one.client_id, scope, resource]);
  }
  await revoke(config, token);
  assert.equal((await introspect(config, token)).active, false);
  assert.equal((await introspect(reader, token)).active, false);
}

const reader = await enter(scene.reader);
for (const one of scene.clients) {
  await walk(one, reader);
  console.log(`${one.name} ok`);
}

// The demo: a claim that a plugin set.
const demo = await enter(scene.demo);
const verify = verifier(demo, scene.demo_audience);
const { access_token: token } = await obtain(demo);
assert.equal((await verify(token)).org, 'acme');
console.log('demo ok');

// What is wrong is told apart.
const [first] = scene.clients;
const wrong = await enter({ ...first, method: 'client_secret_basic', client_secret: 'wrong' });
await assert.rejects(obtain(wrong, { scope, resource }), (error) => error.status === 401 || error.cause?.status === 401);
const known = await enter(first);
await assert.rejects(obtain(known, { scope: 'unheard-of', resource }), { error: 'invalid_scope', status: 400 });
await assert.rejects(obtain(known, { scope, resource: 'https://elsewhere.example' }), { error: 'invalid_target', status: 400 });
const { privateKey } = await generateKeyPair('ES256');
const forged = await new SignJWT({ org: 'acme' }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).setIssuer(issuer).setAudience(scene.demo_audience).sign(privateKey);
await assert.rejects(verify(forged), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
console.log('errors ok');
