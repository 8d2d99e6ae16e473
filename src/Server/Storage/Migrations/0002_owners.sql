-- An owner is a row of accounts: a person, or a team. A team has no keys; its address is NAME@herokumanager.com, by which clients know it.
ALTER TABLE accounts ADD COLUMN kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'team'));

-- May make and close accounts. The first account may.
ALTER TABLE accounts ADD COLUMN is_administrator INTEGER NOT NULL DEFAULT 0 CHECK (is_administrator IN (0, 1));
UPDATE accounts SET is_administrator = 1 WHERE email = 'admin@localhost';

-- Closed: it has no keys and is in nothing, but the releases it made still name it.
ALTER TABLE accounts ADD COLUMN closed_at BIGINT;

CREATE TABLE teams (
    id          TEXT PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
    name        TEXT NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE team_members (
    team_id     TEXT NOT NULL REFERENCES teams(id) ON DELETE CASCADE,
    account_id  TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    role        TEXT NOT NULL CHECK (role IN ('admin', 'member', 'viewer', 'collaborator')),
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_members_account ON team_members(account_id);

-- Who, beside its owner, may do what with one app.
CREATE TABLE collaborators (
    id           TEXT PRIMARY KEY,
    app_id       TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    account_id   TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    permissions  TEXT NOT NULL,             -- words with commas between: view,deploy,operate,manage
    joined       INTEGER NOT NULL DEFAULT 0 CHECK (joined IN (0, 1)),  -- by themselves, with what their role allowed
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (app_id, account_id)
);
CREATE INDEX collaborators_account ON collaborators(account_id);

-- A locked app of a team is not open to members that were not added to it.
ALTER TABLE apps ADD COLUMN locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1));

CREATE TABLE app_transfers (
    id            TEXT PRIMARY KEY,
    app_id        TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    owner_id      TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    recipient_id  TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    state         TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'declined')),
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);
CREATE INDEX app_transfers_app ON app_transfers(app_id);
CREATE INDEX app_transfers_owner ON app_transfers(owner_id);
CREATE INDEX app_transfers_recipient ON app_transfers(recipient_id);

-- A page of what an owner has is read from the index, however much it has.
CREATE INDEX apps_owner_name ON apps(owner_id, name);
CREATE INDEX apps_owner_id ON apps(owner_id, id);
CREATE INDEX pipelines_owner ON pipelines(owner_id, name);

-- The app belongs to somebody else than the pipeline: few do, and only those are asked for when somebody lists the pipelines that their apps are in.
ALTER TABLE pipeline_couplings ADD COLUMN is_foreign INTEGER NOT NULL DEFAULT 0 CHECK (is_foreign IN (0, 1));
UPDATE pipeline_couplings SET is_foreign = 1
 WHERE (SELECT owner_id FROM apps WHERE apps.id = app_id) <> (SELECT owner_id FROM pipelines WHERE pipelines.id = pipeline_id);
CREATE INDEX couplings_foreign ON pipeline_couplings(pipeline_id) WHERE is_foreign = 1;
