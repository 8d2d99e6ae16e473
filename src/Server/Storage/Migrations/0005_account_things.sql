-- Flags that people turn on for their account or for one app. The list of features is in the code.
CREATE TABLE features (
    subject_id  TEXT NOT NULL,              -- an account's or an app's id
    name        TEXT NOT NULL,
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (subject_id, name)
);

-- A key that an account made, with what it may do.
ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'global';

CREATE TABLE ssh_keys (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    public_key   TEXT NOT NULL,
    fingerprint  TEXT NOT NULL UNIQUE,
    comment      TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

CREATE TABLE domains (
    id          TEXT PRIMARY KEY,
    app_id      TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    hostname    TEXT NOT NULL UNIQUE,       -- lower case
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX domains_app ON domains(app_id);
