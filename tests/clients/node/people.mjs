// People sign in to a client of Claimsmith with openid-client. docs/clients.md shows these functions.

import * as client from 'openid-client';

/** Where to send the browser, and what to keep of it until it comes back: in the session of that browser, nowhere else. */
export async function begin(config, parameters) {
  const kept = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const url = client.buildAuthorizationUrl(config, {
    ...parameters,
    state: kept.expectedState,
    nonce: kept.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  return { url, kept };
}

/** The tokens for the URL that the browser came back to. Issuer, state, nonce and the ID token are checked by the library. */
export async function finish(config, url, kept, options) {
  const tokens = await client.authorizationCodeGrant(config, new URL(url), { ...kept, idTokenExpected: true }, undefined, options);
  return { tokens, claims: tokens.claims() };
}

/** Who it is, as the server says now. */
export async function whoIs(config, tokens, claims, options) {
  return client.fetchUserInfo(config, tokens.access_token, claims.sub, options);
}

/** New tokens without the person; keep the new refresh token in the place of the old one. */
export async function renew(config, tokens, options) {
  return client.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
}

/** A key of this client's own: pass it on as `options`, and tokens are of no use to anybody else. */
export async function proofs(config) {
  return { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };
}
