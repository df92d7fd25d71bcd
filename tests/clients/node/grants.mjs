// Grants beyond the browser's, with openid-client. docs/clients.md shows these functions.

import * as client from 'openid-client';

/** A device without a browser: `show` is given what its person needs. Waits as the server says until they have decided. */
export async function onAnotherDevice(config, parameters, show) {
  const begun = await client.initiateDeviceAuthorization(config, parameters);
  show({ uri: begun.verification_uri, code: begun.user_code, link: begun.verification_uri_complete });
  return client.pollDeviceAuthorizationGrant(config, begun);
}

/** A person who is named, and asked in their account: at a till, on the telephone. Waits as the server says until they have decided. */
export async function elsewhere(config, parameters, show) {
  const begun = await client.initiateBackchannelAuthentication(config, parameters);
  show(parameters.binding_message);
  return client.pollBackchannelAuthenticationGrant(config, begun);
}

/** A token for another service, in the name of whom this one is about (RFC 8693). */
export async function exchange(config, accessToken, parameters) {
  return client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: accessToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    ...parameters,
  });
}

/** A token for what another issuer says of a person (RFC 7523). */
export async function withAssertion(config, assertion, parameters) {
  return client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion, ...parameters });
}
