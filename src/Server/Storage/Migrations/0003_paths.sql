-- An app's one downstream app, when it names one itself. Wins over the order of stages, needs no pipeline.
CREATE TABLE edges (
    app_id         TEXT PRIMARY KEY REFERENCES apps(id) ON DELETE CASCADE,
    downstream_id  TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    account_id     TEXT NOT NULL REFERENCES accounts(id),
    created_at     BIGINT NOT NULL,
    CHECK (app_id <> downstream_id)
);
CREATE INDEX edges_downstream ON edges(downstream_id);

-- All its targets flip together or not at all.
ALTER TABLE promotions ADD COLUMN all_or_nothing INTEGER NOT NULL DEFAULT 0 CHECK (all_or_nothing IN (0, 1));

-- Releases of one group are decided in one transaction: all or none.
ALTER TABLE releases ADD COLUMN group_id TEXT;
ALTER TABLE release_queue ADD COLUMN group_id TEXT;
CREATE INDEX releases_group ON releases(group_id);
