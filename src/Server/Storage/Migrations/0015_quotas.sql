-- What administrators set for an app; where there is no row, a default holds.
CREATE TABLE quotas (
    app_id  TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    value   BIGINT NOT NULL CHECK (value >= 0),
    PRIMARY KEY (app_id, name)
);
