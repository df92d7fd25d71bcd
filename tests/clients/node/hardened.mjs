// People sign in with requests that nobody on the way can read or change. docs/clients.md shows these functions; the rest is people.mjs.

import { Agent, fetch as fetchWith } from 'undici';
import * as client from 'openid-client';

/**
 * As `begin`, with the request pushed to the server first (PAR) where `push` says so, and signed (JAR) where there is a `signingKey`.
 * The browser carries a reference, or a signed object.
 */
export async function beginHardened(config, parameters, { push, signingKey, options }) {
  const kept = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
  };
  const asked = {
    ...parameters,
    state: kept.expectedState,
    nonce: kept.expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
    code_challenge_method: 'S256',
  };
  const signed = signingKey && (await client.buildAuthorizationUrlWithJAR(config, asked, signingKey));
  if (push) {
    return { url: await client.buildAuthorizationUrlWithPAR(config, signed ? signed.searchParams : asked, options), kept };
  }
  return { url: signed ?? client.buildAuthorizationUrl(config, asked), kept };
}

/** The way in for a client that holds a certificate: it goes where certificates are asked for. */
export async function connectWithCertificate(issuer, clientId, { cert, key, ca }) {
  const dispatcher = new Agent({ connect: { cert, key, ca } });
  return client.discovery(new URL(issuer), clientId, { use_mtls_endpoint_aliases: true }, client.TlsClientAuth(), {
    [client.customFetch]: (url, options) => fetchWith(url, { ...options, dispatcher }),
  });
}

/** Where to send the browser to sign out here as well. */
export function leave(config, tokens, backTo, state) {
  return client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: backTo, state });
}
