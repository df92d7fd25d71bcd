"""A person signs in to every client of a scene (a JSON file, the only argument) through people.py; prints one line per client."""

import json
import sys

import requests
from authlib.integrations.base_client import OAuthError
from joserfc.jwk import KeySet

from client import connect, discover
from people import begin, finish, renew, who_is

with open(sys.argv[1], encoding="utf-8") as file:
    scene = json.load(file)
issuer, ca_file = scene["issuer"], scene["ca_file"]
metadata = discover(issuer, ca_file)
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], verify=ca_file, timeout=10).json())


def walked(url):
    """What the browser of a person comes back to."""
    return requests.get(scene["person"], params={"url": url}, timeout=60).text


def enter(one):
    session = connect(metadata, ca_file, one["method"], one["client_id"], one.get("client_secret"), one.get("private_key"))
    session.redirect_uri, session.code_challenge_method = scene["redirect_uri"], "S256"
    return session


for one in scene["clients"]:
    if one["dpop"]:
        continue
    session = enter(one)
    url, kept = begin(session, metadata, scope=scene["scope"])
    back = walked(url)
    assert f"iss={requests.utils.quote(issuer, safe='')}" in back, back
    tokens, claims = finish(session, metadata, keys, back, kept)
    assert (claims["iss"], claims["acr"]) == (issuer, "urn:claimsmith:acr:password"), claims
    found = who_is(session, metadata)
    assert (found["sub"], found["name"], found["email"]) == (claims["sub"], "Alice Doe", "alice@example.org"), found
    second = renew(session, metadata)
    assert second["access_token"] != tokens["access_token"]
    assert who_is(session, metadata)["sub"] == claims["sub"]
    try:
        finish(enter(one), metadata, keys, back, kept)
        raise AssertionError("a code is good once")
    except OAuthError as error:
        assert error.error == "invalid_grant", error
    print(f"{one['name']} ok")
