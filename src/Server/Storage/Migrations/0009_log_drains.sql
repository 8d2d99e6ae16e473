-- Where an app's log is sent as it grows.
CREATE TABLE log_drains (
    id          TEXT PRIMARY KEY,
    app_id      TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    token       TEXT NOT NULL UNIQUE,       -- d.UUID: names the drain to whoever receives it
    url         {blob} NOT NULL,            -- sealed: addresses of drains hold keys
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX log_drains_app ON log_drains(app_id);
