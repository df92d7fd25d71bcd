"""People sign in to a client of Claimsmith with Authlib; ID tokens are checked with joserfc. docs/clients.md shows these functions."""

import secrets

from authlib.oidc.core import CodeIDToken
from joserfc import jwt


def begin(session, metadata, **parameters):
    """Where to send the browser, and what to keep of it until it comes back: in the session of that browser, nowhere else."""
    kept = {"code_verifier": secrets.token_urlsafe(48), "nonce": secrets.token_urlsafe(16)}
    url, kept["state"] = session.create_authorization_url(metadata["authorization_endpoint"], **kept, **parameters)
    return url, kept


def finish(session, metadata, keys, url, kept):
    """The tokens for the URL that the browser came back to, and the checked claims of the ID token."""
    tokens = session.fetch_token(
        metadata["token_endpoint"], authorization_response=url, state=kept["state"], code_verifier=kept["code_verifier"]
    )
    decoded = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
    expected = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": session.client_id},
        "nonce": {"essential": True, "value": kept["nonce"]},
    }
    params = {"nonce": kept["nonce"], "client_id": session.client_id, "access_token": tokens["access_token"]}
    claims = CodeIDToken(decoded.claims, decoded.header, expected, params)
    claims.validate()
    return tokens, claims


def who_is(session, metadata):
    """Who it is, as the server says now."""
    answer = session.get(metadata["userinfo_endpoint"])
    answer.raise_for_status()
    return answer.json()


def renew(session, metadata):
    """New tokens without the person; the session keeps the new refresh token in the place of the old one."""
    return session.refresh_token(metadata["token_endpoint"])
