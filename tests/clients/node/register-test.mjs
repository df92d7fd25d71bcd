// Clients of a scene (a JSON file, the only argument) register themselves, and a person signs in to each; prints one line per client.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import * as client from 'openid-client';

import { begin, finish, renew, whoIs } from './people.mjs';
import { registerMyself } from './register.mjs';

const scene = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { issuer, redirect_uri, initial_access_token } = scene;

const methods = { client_secret_basic: client.ClientSecretBasic(), client_secret_post: client.ClientSecretPost(), none: client.None() };

for (const [method, authentication] of Object.entries(methods)) {
  const metadata = {
    client_name: method,
    redirect_uris: [redirect_uri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: method,
  };
  const config = await registerMyself(issuer, metadata, authentication, initial_access_token);
  const registered = config.clientMetadata();
  assert.equal(registered.token_endpoint_auth_method, method);
  assert.equal('client_secret' in registered, method !== 'none');

  const { url, kept } = await begin(config, { redirect_uri, scope: registered.scope, prompt: 'consent' });
  const back = await (await fetch(`${scene.person}?url=${encodeURIComponent(url)}`)).text();
  const { tokens, claims } = await finish(config, back, kept);
  assert.equal((await whoIs(config, tokens, claims)).name, 'Alice Doe');
  await renew(config, tokens);

  const mine = { headers: { authorization: `Bearer ${registered.registration_access_token}` } };
  const shown = await (await fetch(registered.registration_client_uri, mine)).json();
  assert.deepEqual([shown.client_id, shown.client_name], [registered.client_id, method]);
  assert.equal((await fetch(registered.registration_client_uri, { ...mine, method: 'DELETE' })).status, 204);
  await assert.rejects(renew(config, tokens), { status: 401 });
  console.log(`${method} ok`);
}

await assert.rejects(registerMyself(issuer, { redirect_uris: ['http://app.example/cb'] }, undefined, initial_access_token), { error: 'invalid_redirect_uri' });
await assert.rejects(registerMyself(issuer, { redirect_uris: [redirect_uri] }, undefined, 'csit_wrong'));
console.log('errors ok');
