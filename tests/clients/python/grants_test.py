"""Asks with every grant of grants.py by a scene (a JSON file, the only argument), and has a resource server look at what comes; prints
what a person has to type, and a line for each."""

import json
import logging
import sys
import threading
import time
import uuid

import requests
from authlib.integrations.base_client import OAuthError
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.serving import make_server

from client import connect, discover, introspect, revoke
from grants import exchange, on_a_terminal, with_assertion
from resource_server import resource_server

with open(sys.argv[1], encoding="utf-8") as file:
    scene = json.load(file)
issuer, ca_file = scene["issuer"], scene["ca_file"]
metadata = discover(issuer, ca_file)


def session():
    return connect(metadata, ca_file, "client_secret_basic", scene["client_id"], scene["client_secret"])


def refused(error, ask):
    try:
        ask()
    except OAuthError as told:
        assert told.error == error, told
    else:
        raise AssertionError(f"no {error}")


def show(text):
    print("code " + text.split(" type ")[1].split(",")[0], flush=True)


tokens = on_a_terminal(session(), metadata, show, scope="openid read")
subject = introspect(session(), metadata, tokens["access_token"])["sub"]
print("device ok")

exchanged = exchange(session(), metadata, tokens["access_token"], scope="read")
assert introspect(session(), metadata, exchanged["access_token"])["sub"] == subject
assert "refresh_token" not in exchanged
refused("invalid_request", lambda: exchange(session(), metadata, "no token"))
print("exchange ok")

key = ECKey.import_key(scene["trusted"]["private_key"])
now = int(time.time())
claims = {"iss": scene["trusted"]["issuer"], "sub": "7", "preferred_username": "alice", "aud": issuer}
claims |= {"iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
assertion = jwt.encode({"alg": "ES256", "kid": scene["trusted"]["kid"]}, claims, key)
asserted = with_assertion(session(), metadata, assertion, scope=scene["scope"], resource=scene["resource"])
assert introspect(session(), metadata, asserted["access_token"])["sub"] == subject
refused("invalid_grant", lambda: with_assertion(session(), metadata, assertion, scope="read"))
print("assertion ok")

asking = connect(metadata, ca_file, "client_secret_basic", scene["reader"]["client_id"], scene["reader"]["client_secret"])
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, resource_server(asking, metadata, scene["resource"]))
threading.Thread(target=server.serve_forever, daemon=True).start()


def knock(token=None, method="get"):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.request(method, f"http://127.0.0.1:{server.server_port}/reports", headers=headers, timeout=10)


let_in = knock(asserted["access_token"])
assert (let_in.status_code, let_in.json()["reader"]) == (200, subject), let_in.text
assert knock().status_code == 401
assert knock("unknown").status_code == 401
# For somebody else, and so none of its business.
assert knock(tokens["access_token"]).status_code == 401
assert knock(asserted["access_token"], "delete").status_code == 403
revoke(session(), metadata, asserted["access_token"])
assert knock(asserted["access_token"]).status_code == 401
server.shutdown()
print("resource server ok")
