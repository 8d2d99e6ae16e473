-- An app's one downstream app, when it names one itself. Wins over the order of stages, needs no pipeline.
CREATE TABLE edges (
    app_id         TEXT PRIMARY KEY REFERENCES apps(id) ON DELETE CASCADE,
    downstream_id  TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    account_id     TEXT NOT NULL REFERENCES accounts(id),
    created_at     BIGINT NOT NULL,
    CHECK (app_id <> downstream_id)
);
CREATE INDEX edges_downstream ON edges(downstream_id);

-- All its targets flip together or not at all. Its releases are a group of the same id then.
ALTER TABLE promotions ADD COLUMN all_or_nothing INTEGER NOT NULL DEFAULT 0 CHECK (all_or_nothing IN (0, 1));

-- Releases of one group are decided in one transaction: all or none.
CREATE TABLE release_groups (
    id          TEXT PRIMARY KEY,
    members     TEXT NOT NULL,              -- JSON array of { "Release", "App": its name }; a member may vanish with its app
    size        INTEGER NOT NULL,           -- how many they are
    state       TEXT NOT NULL CHECK (state IN ('open', 'decided', 'failed')),
    failure     TEXT,                       -- a sentence for the members that did not fail themselves
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX release_groups_open ON release_groups(id) WHERE state = 'open';
ALTER TABLE releases ADD COLUMN group_id TEXT;
ALTER TABLE release_queue ADD COLUMN group_id TEXT;
CREATE INDEX releases_group ON releases(group_id);
CREATE INDEX release_queue_group ON release_queue(group_id);
