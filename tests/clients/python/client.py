"""A client of Claimsmith with Authlib, and a resource server with joserfc. docs/clients.md shows these functions."""

import time

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import ECKey, KeySet


def discover(issuer, ca_file):
    """The metadata of the server: where its endpoints are. Keep it for as long as its Cache-Control says."""
    answer = requests.get(f"{issuer}/.well-known/oauth-authorization-server", verify=ca_file, timeout=10)
    answer.raise_for_status()
    return answer.json()


def connect(metadata, ca_file, method, client_id, secret=None, private_key_pem=None):
    """One session per client. The audience of an assertion is the issuer, which Authlib must be told."""
    key = ECKey.import_key(private_key_pem) if private_key_pem else secret
    # The first is for introspection as well; revocation must be told by itself.
    session = OAuth2Session(client_id, key, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method)
    session.verify = ca_file
    if method == "client_secret_jwt":
        session.register_client_auth_method(ClientSecretJWT(metadata["issuer"]))
    if method == "private_key_jwt":
        session.register_client_auth_method(PrivateKeyJWT(metadata["issuer"], alg="ES256"))
    return session


def obtain(session, metadata, **parameters):
    """A token; `parameters` are `scope` and `resource`. Keep it until shortly before `expires_at`."""
    return session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", **parameters)


class Verifier:
    """What a resource server does with a token: checks it without asking anybody, with the keys it keeps."""

    def __init__(self, metadata, ca_file, audience):
        self.metadata, self.ca_file = metadata, ca_file
        self.claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": metadata["issuer"]},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        self.fetch()

    def fetch(self):
        answer = requests.get(self.metadata["jwks_uri"], verify=self.ca_file, timeout=10)
        answer.raise_for_status()
        self.keys, self.fetched_at = KeySet.import_key_set(answer.json()), time.monotonic()

    def verify(self, token):
        try:
            decoded = jwt.decode(token, self.keys, algorithms=["ES256"])
        except InvalidKeyIdError:
            # A key we do not know yet. No more than once in 30 seconds, or strangers make us fetch.
            if time.monotonic() - self.fetched_at < 30:
                raise
            self.fetch()
            decoded = jwt.decode(token, self.keys, algorithms=["ES256"])
        if decoded.header.get("typ") != "at+jwt":
            raise ValueError("this is no access token")
        self.claims.validate(decoded.claims)
        return decoded.claims


def introspect(session, metadata, token):
    """Whether the token is good at this moment, revocation included."""
    answer = session.introspect_token(metadata["introspection_endpoint"], token=token)
    answer.raise_for_status()
    return answer.json()


def revoke(session, metadata, token):
    """Ends a token of this client."""
    session.revoke_token(metadata["revocation_endpoint"], token=token).raise_for_status()
