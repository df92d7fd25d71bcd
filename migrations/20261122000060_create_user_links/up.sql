-- Who a person is at another OpenID Provider.

CREATE TABLE user_links (
    issuer text NOT NULL,
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
COMMENT ON TABLE user_links IS 'People by who they are at another OpenID Provider: its issuer, and the sub that it never gives to anybody else.';
CREATE INDEX user_links_user_id ON user_links (user_id);
