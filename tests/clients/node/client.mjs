// A client of Claimsmith with openid-client, and a resource server with jose. docs/clients.md shows these functions.

import { createRemoteJWKSet, importPKCS8, jwtVerify } from 'jose';
import * as client from 'openid-client';

/** The way in: one object per client, made once and kept. It discovers the endpoints. */
export async function connect(issuer, clientId, authentication) {
  return client.discovery(new URL(issuer), clientId, undefined, authentication);
}

/** How the client proves who it is; the method is the one it was registered with. */
export async function authentication(method, { secret, privateKeyPem, signingAlg }) {
  switch (method) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(secret);
    case 'client_secret_post':
      return client.ClientSecretPost(secret);
    case 'client_secret_jwt':
      return client.ClientSecretJwt(secret);
    case 'private_key_jwt':
      return client.PrivateKeyJwt(await importPKCS8(privateKeyPem, signingAlg));
    default:
      throw new Error(`no such method: ${method}`);
  }
}

/** A token; `parameters` are `scope` and `resource`. Keep it and ask again shortly before `expires_in` is over. */
export async function obtain(config, parameters) {
  return client.clientCredentialsGrant(config, parameters);
}

/** What a resource server does with a token: checks it without asking anybody, with the keys it keeps. */
export function verifier(config, audience) {
  const { issuer, jwks_uri } = config.serverMetadata();
  const keys = createRemoteJWKSet(new URL(jwks_uri));
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] });
    return payload;
  };
}

/** Whether the token is good at this moment, revocation included. */
export async function introspect(config, token) {
  return client.tokenIntrospection(config, token);
}

/** Ends a token of this client. */
export async function revoke(config, token) {
  await client.tokenRevocation(config, token);
}
