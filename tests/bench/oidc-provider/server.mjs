// npm oidc-provider as it comes: in memory, client credentials, ES256 access tokens, TLS on loopback, no hook.
// usage: node server.mjs CLIENTS.json CERTIFICATE KEY; prints { port } when it listens.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const [clients, certificate, key] = process.argv.slice(2);
const scope = 'orders:read orders:write';
const resource = 'https://api.example/orders';
const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key), keepAliveTimeout: 60_000 });
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`https://localhost:${port}`, {
    clients: JSON.parse(readFileSync(clients)).map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'ES256',
      scope,
    })),
    scopes: scope.split(' '),
    jwks: { keys: [{ ...jwk, alg: 'ES256', use: 'sig', kid: 'one' }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({ scope, audience: resource, accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
      },
    },
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ port }));
});
