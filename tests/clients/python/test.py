"""Walks every client of a scene (a JSON file, the only argument) through client.py; prints one line per walk."""

import json
import sys

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from joserfc import jwt
from joserfc.errors import InvalidClaimError, JoseError
from joserfc.jwk import ECKey

from client import Verifier, connect, discover, introspect, obtain, revoke

with open(sys.argv[1], encoding="utf-8") as file:
    scene = json.load(file)
issuer, ca_file, resource, scope = (scene[name] for name in ("issuer", "ca_file", "resource", "scope"))
metadata = discover(issuer, ca_file)
assert metadata["issuer"] == issuer


def enter(one):
    return connect(metadata, ca_file, one["method"], one["client_id"], one.get("client_secret"), one.get("private_key"))


def enter_as_authlib_does(one):
    """Without being told, Authlib takes the endpoint it calls for the audience: the client's audience is `legacy`."""
    key = ECKey.import_key(one["private_key"]) if "private_key" in one else one["client_secret"]
    session = OAuth2Session(one["client_id"], key, token_endpoint_auth_method=one["method"])
    session.verify = ca_file
    session.register_client_auth_method(ClientSecretJWT())
    session.register_client_auth_method(PrivateKeyJWT(alg="ES256"))
    return session


def expect(error, act, check=lambda found: True):
    try:
        act()
    except error as found:
        assert check(found), repr(found)
        return
    raise AssertionError(f"no {error}")


def walk(one, reader):
    session = enter_as_authlib_does(one) if one["legacy"] else enter(one)
    answer = obtain(session, metadata, scope=scope, resource=resource)
    assert (answer["token_type"], answer["scope"]) == ("Bearer", scope), answer
    token = answer["access_token"]

    claims = Verifier(metadata, ca_file, resource).verify(token)
    assert (claims["iss"], claims["aud"]) == (issuer, resource), claims
    assert (claims["client_id"], claims["sub"]) == (one["client_id"], one["client_id"]), claims
    assert claims["exp"] - claims["iat"] == answer["expires_in"], claims
    elsewhere = Verifier(metadata, ca_file, "https://elsewhere.example")
    expect(InvalidClaimError, lambda: elsewhere.verify(token))

    # With the legacy audience the token endpoint is good, and no other endpoint: the issuer is used there.
    own = enter(one)
    if one["legacy"]:
        assert session.introspect_token(metadata["introspection_endpoint"], token=token).status_code == 401
    for caller in (own, reader):
        found = introspect(caller, metadata, token)
        assert (found["active"], found["client_id"], found["aud"]) == (True, one["client_id"], resource), found
    revoke(own, metadata, token)
    for caller in (own, reader):
        assert introspect(caller, metadata, token) == {"active": False}


reader = enter(scene["reader"])
for one in scene["clients"]:
    walk(one, reader)
    print(f"{one['name']} ok")

# The demo: a claim that a plugin set.
verifier = Verifier(metadata, ca_file, scene["demo_audience"])
demo = enter(scene["demo"])
token = obtain(demo, metadata)["access_token"]
assert verifier.verify(token)["org"] == "acme"
print("demo ok")

# What is wrong is told apart.
first = scene["clients"][0]
wrong = connect(metadata, ca_file, first["method"], first["client_id"], "wrong")
expect(OAuthError, lambda: obtain(wrong, metadata, scope=scope), lambda found: found.error == "invalid_client")
known = enter(first)
expect(OAuthError, lambda: obtain(known, metadata, scope="unheard-of"), lambda found: found.error == "invalid_scope")
expect(OAuthError, lambda: obtain(known, metadata, resource="https://elsewhere.example"), lambda found: found.error == "invalid_target")
for one in scene["strict"]:
    untold = enter_as_authlib_does(one)
    expect(OAuthError, lambda: obtain(untold, metadata), lambda found: found.error == "invalid_client")
forged = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {"iss": issuer, "aud": scene["demo_audience"], "exp": 1 << 33}, ECKey.generate_key("P-256"))
expect(JoseError, lambda: verifier.verify(forged))
expect(requests.exceptions.SSLError, lambda: discover(issuer, True))
print("errors ok")
