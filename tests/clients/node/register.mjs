// A client registers itself with openid-client. docs/clients.md shows this function.

import * as client from 'openid-client';

/** A client that registers itself; keep what `config.clientMetadata()` says, the secret and the registration access token above all. */
export async function registerMyself(issuer, metadata, authentication, initialAccessToken) {
  return client.dynamicClientRegistration(new URL(issuer), metadata, authentication, { initialAccessToken });
}
