-- Flags that people turn on for their account or for one app. The list of features is in the code.
CREATE TABLE features (
    subject_id  TEXT NOT NULL,              -- an account's or an app's id
    name        TEXT NOT NULL,
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (subject_id, name)
);

-- What a key may do: global, identity, read, write, read-protected, write-protected, with commas between.
ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'global';

-- Its last four characters, by which people tell keys apart; empty for keys of before, whose end nobody knows.
ALTER TABLE api_keys ADD COLUMN hint TEXT NOT NULL DEFAULT '';

-- Made by a login with address and password; logging out ends it.
ALTER TABLE api_keys ADD COLUMN is_login INTEGER NOT NULL DEFAULT 0 CHECK (is_login IN (0, 1));

-- Null: as made.
ALTER TABLE api_keys ADD COLUMN updated_at BIGINT;
CREATE INDEX api_keys_account ON api_keys(account_id);

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
