// Asks with every grant of grants.mjs, by a scene (a JSON file, the only argument); prints what a person has to type, and a line for each.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { SignJWT, decodeJwt, importPKCS8 } from 'jose';

import { authentication, connect } from './client.mjs';
import { elsewhere, exchange, onAnotherDevice, withAssertion } from './grants.mjs';

const scene = JSON.parse(await readFile(process.argv[2], 'utf8'));
const config = await connect(scene.issuer, scene.client_id, await authentication('client_secret_basic', { secret: scene.client_secret }));

const tokens = await onAnotherDevice(config, { scope: 'openid read' }, ({ code }) => console.log(`code ${code}`));
const { sub } = tokens.claims();
assert.equal(decodeJwt(tokens.access_token).sub, sub);
console.log('device ok');

const asked = { scope: 'openid read', login_hint: 'alice', binding_message: 'Till 3' };
const agreed = await elsewhere(config, asked, (message) => console.log(`message ${message}`));
assert.equal(agreed.claims().sub, sub);
await assert.rejects(elsewhere(config, { ...asked, login_hint: 'nobody' }, () => {}), { error: 'unknown_user_id' });
console.log('backchannel ok');

const exchanged = await exchange(config, tokens.access_token, { scope: 'read' });
assert.equal(exchanged.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
assert.deepEqual([decodeJwt(exchanged.access_token).sub, exchanged.refresh_token], [sub, undefined]);
await assert.rejects(exchange(config, 'no token', {}), { error: 'invalid_request' });
console.log('exchange ok');

const key = await importPKCS8(scene.trusted.private_key, 'ES256');
const assertion = (jti) =>
  new SignJWT({ sub: '7', preferred_username: 'alice', jti })
    .setProtectedHeader({ alg: 'ES256', kid: scene.trusted.kid })
    .setIssuer(scene.trusted.issuer)
    .setAudience(scene.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(key);
const first = await assertion('one');
assert.equal(decodeJwt((await withAssertion(config, first, { scope: 'read' })).access_token).sub, sub);
await assert.rejects(withAssertion(config, first, { scope: 'read' }), { error: 'invalid_grant' });
console.log('assertion ok');
