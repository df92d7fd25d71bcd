// A person signs in to every client of a scene (a JSON file, the only argument), renews and signs out; prints one line per client.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { decodeJwt, importPKCS8 } from 'jose';
import * as client from 'openid-client';

import { authentication, connect } from './client.mjs';
import { beginHardened, connectWithCertificate, leave } from './hardened.mjs';
import { finish, proofs, renew, whoIs } from './people.mjs';

const scene = JSON.parse(await readFile(process.argv[2], 'utf8'));
const { issuer, redirect_uri, scope } = scene;

/** What the browser of a person comes back to. */
async function walked(url) {
  const answer = await fetch(`${scene.person}?url=${encodeURIComponent(url)}`);
  return answer.text();
}

async function connected(one) {
  if (one.cert) {
    return connectWithCertificate(issuer, one.client_id, { cert: one.cert, key: one.key, ca: await readFile(scene.ca_file) });
  }
  const secrets = { secret: one.client_secret, privateKeyPem: one.private_key, signingAlg: 'ES256' };
  return connect(issuer, one.client_id, await authentication(one.method, secrets));
}

for (const one of scene.clients) {
  const config = await connected(one);
  client.enableNonRepudiationChecks(config);
  if (one.jarm) client.useJwtResponseMode(config);
  const signingKey = one.jar && { key: await importPKCS8(one.private_key, 'ES256'), kid: one.kid };
  const options = one.dpop ? await proofs(config) : undefined;

  const { url, kept } = await beginHardened(config, { redirect_uri, scope }, { push: one.par, signingKey, options });
  const names = [...url.searchParams.keys()].sort();
  if (one.par) assert.deepEqual(names, ['client_id', 'request_uri']);
  else if (one.jar) assert.deepEqual(names, ['client_id', 'request']);
  const back = new URL(await walked(url));
  assert.equal(back.searchParams.has('response'), one.jarm);
  assert.equal(back.searchParams.has('code'), !one.jarm);
  const { tokens, claims } = await finish(config, back, kept, options);
  const { cnf = {} } = decodeJwt(tokens.access_token);
  assert.deepEqual(Object.keys(cnf), one.dpop ? ['jkt'] : one.cert ? ['x5t#S256'] : []);
  assert.equal((await whoIs(config, tokens, claims, options)).name, 'Alice Doe');
  const second = await renew(config, tokens, options);
  assert.equal((await whoIs(config, second, claims, options)).sub, claims.sub);

  const gone = new URL(await walked(leave(config, tokens, scene.post_logout_redirect_uri, 'bye')));
  assert.deepEqual([gone.origin + gone.pathname, gone.searchParams.get('state')], [scene.post_logout_redirect_uri, 'bye']);
  const silent = await beginHardened(config, { redirect_uri, scope, prompt: 'none' }, { push: one.par, signingKey, options });
  await assert.rejects(finish(config, await walked(silent.url), silent.kept, options), { error: 'login_required' });
  console.log(`${one.name} ok`);
}
