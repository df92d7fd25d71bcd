-- What every admin change writes beside its own row: the counter that nodes poll, what to reload, and who did it.

CREATE TABLE generation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number bigint NOT NULL CHECK (number >= 0),
    swept_through bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE generation IS 'One row: the number of the latest admin change. A row and not a sequence, because a sequence would let a late commit hide behind a later number. A node that last read a generation below swept_through reloads everything.';
INSERT INTO generation (number) VALUES (0);

CREATE TABLE changes (
    generation bigint NOT NULL,
    entity_kind text NOT NULL,
    entity_key text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation, entity_kind, entity_key)
);
COMMENT ON TABLE changes IS 'What each generation changed, so that nodes reload only that. Swept after an hour.';
CREATE INDEX changes_changed_at ON changes (changed_at);

CREATE TABLE admin_audit (
    generation bigint PRIMARY KEY,
    happened_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    entity_kind text NOT NULL,
    entity_key text NOT NULL,
    before text CHECK (jsonb_typeof(before::jsonb) = 'object'),
    after text CHECK (jsonb_typeof(after::jsonb) = 'object')
);
COMMENT ON TABLE admin_audit IS 'Who changed what: the row before and after as JSON, without secrets, sealed values and digests of secrets. Written in the transaction of the change; never swept.';
CREATE INDEX admin_audit_entity ON admin_audit (entity_kind, entity_key, generation);

CREATE TABLE schema_reader (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    minimum_version text NOT NULL
);
COMMENT ON TABLE schema_reader IS 'One row: the newest migration that a binary must know to work on this database. A migration that older binaries cannot live with sets it to its own version.';
INSERT INTO schema_reader (minimum_version) VALUES ('20261101000001');
