"""Grants beyond the browser's, with Authlib. docs/clients.md shows these functions."""

import time

import segno
from authlib.integrations.base_client import OAuthError

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def on_a_terminal(session, metadata, show=print, **parameters):
    """A program in a terminal: shows where to go, and waits as the server says until its person has decided."""
    answer = session.post(
        metadata["device_authorization_endpoint"],
        data=parameters,
        withhold_token=True,
        auth=session.client_auth(session.token_endpoint_auth_method),
    )
    answer.raise_for_status()
    begun = answer.json()
    show(f"Open {begun['verification_uri']} and type {begun['user_code']}, or scan this:")
    segno.make(begun["verification_uri_complete"]).terminal(compact=True)
    interval = begun.get("interval", 5)
    while True:
        time.sleep(interval)
        try:
            return session.fetch_token(metadata["token_endpoint"], grant_type=DEVICE_CODE, device_code=begun["device_code"])
        except OAuthError as error:
            if error.error == "slow_down":
                interval += 5
            elif error.error != "authorization_pending":
                raise


def exchange(session, metadata, access_token, **parameters):
    """A token for another service, in the name of whom this one is about (RFC 8693)."""
    return session.fetch_token(
        metadata["token_endpoint"],
        grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token=access_token,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        **parameters,
    )


def with_assertion(session, metadata, assertion, **parameters):
    """A token for what another issuer says of a person (RFC 7523)."""
    return session.fetch_token(
        metadata["token_endpoint"], grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion, **parameters
    )
