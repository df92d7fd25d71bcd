"""A resource server with Flask and Authlib that asks about every token. docs/clients.md shows it."""

from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from flask import Flask, jsonify

from client import introspect


class Asking(IntrospectTokenValidator):
    """Lets in what the server says is good at this moment, and is meant for us."""

    def __init__(self, session, metadata, audience):
        super().__init__(realm=audience)
        self.session, self.metadata, self.audience = session, metadata, audience

    def introspect_token(self, token_string):
        return introspect(self.session, self.metadata, token_string)

    def validate_token(self, token, scopes, request):
        super().validate_token(token, scopes, request)
        audience = token["aud"] if isinstance(token["aud"], list) else [token["aud"]]
        if self.audience not in audience:
            raise InvalidTokenError(realm=self.realm)


def resource_server(session, metadata, audience):
    """Reports, for tokens with the scope `reports:read`; nothing is deleted without `reports:delete`."""
    app, wants = Flask(__name__), ResourceProtector()
    wants.register_token_validator(Asking(session, metadata, audience))

    @app.get("/reports")
    @wants("reports:read")
    def reports():
        return jsonify(reports=[1, 2, 3], reader=current_token["sub"])

    @app.delete("/reports")
    @wants("reports:delete")
    def delete():
        return "", 204

    return app
