-- Which nodes are alive, and which plugin versions each has compiled.

CREATE TABLE nodes (
    node_id text PRIMARY KEY CHECK (length(node_id) BETWEEN 1 AND 128),
    software_version text NOT NULL,
    ready_digests bytea[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE nodes IS 'Heartbeats. A plugin version can be activated once every node seen in the last five seconds has it ready.';
