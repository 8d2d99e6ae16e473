-- Times are Unix microseconds, ids are UUIDs as text, flags are 0 and 1. {blob} is the database's word for bytes.

CREATE TABLE accounts (
    id          TEXT PRIMARY KEY,
    email       TEXT NOT NULL UNIQUE,
    name        TEXT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- Only the SHA-256 (hex) of a key is kept.
CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    sha256        TEXT NOT NULL UNIQUE,
    description   TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT,
    last_used_at  BIGINT
);

CREATE TABLE apps (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    owner_id     TEXT NOT NULL REFERENCES accounts(id),
    stack        TEXT NOT NULL,
    config       {blob} NOT NULL,             -- sealed JSON object: the config vars as they were last set
    maintenance  INTEGER NOT NULL DEFAULT 0 CHECK (maintenance IN (0, 1)),
    released_at  BIGINT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX apps_owner ON apps(owner_id);

CREATE TABLE buildpack_installations (
    app_id   TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    ordinal  INTEGER NOT NULL,
    url      TEXT NOT NULL,                 -- bundled ones as urn:buildpack:heroku/nodejs
    PRIMARY KEY (app_id, ordinal)
);

CREATE TABLE formation (
    id          TEXT PRIMARY KEY,
    app_id      TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    type        TEXT NOT NULL,
    quantity    INTEGER NOT NULL CHECK (quantity >= 0),
    size        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (app_id, type)
);

CREATE TABLE slugs (
    id                     TEXT PRIMARY KEY,
    app_id                 TEXT NOT NULL,   -- where it was made; no reference: a slug outlives the app it came from
    digest                 TEXT,            -- null until its files are here (POST /apps/:a/slugs, before the upload)
    stack                  TEXT NOT NULL,
    commit_sha             TEXT,
    commit_description     TEXT,
    buildpack_description  TEXT,
    process_types          TEXT NOT NULL,   -- JSON object: type → command
    size                   BIGINT,          -- bytes of content
    host_packages          TEXT,            -- fingerprint of the build host's packages
    created_at             BIGINT NOT NULL,
    updated_at             BIGINT NOT NULL
);
CREATE INDEX slugs_digest ON slugs(digest);

CREATE TABLE builds (
    id           TEXT PRIMARY KEY,
    app_id       TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES accounts(id),
    status       TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'errored')),
    reason       TEXT,                      -- a sentence, when failed or errored
    origin       TEXT NOT NULL CHECK (origin IN ('push', 'api')),
    source_url   TEXT,
    source_file  TEXT,                      -- name in DIR/uploads of the tarball, while pending
    commit_sha   TEXT,
    checksum     TEXT,
    buildpacks   TEXT NOT NULL,             -- JSON array of { "name", "url" }
    stack        TEXT NOT NULL,
    slug_id      TEXT REFERENCES slugs(id),
    release_id   TEXT,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX builds_app ON builds(app_id, created_at);

-- The ledger. One row a version, never edited once terminal; at most one is pending per app.
CREATE TABLE releases (
    id           TEXT PRIMARY KEY,
    app_id       TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    version      INTEGER NOT NULL CHECK (version >= 1),
    slug_id      TEXT REFERENCES slugs(id),
    config       {blob} NOT NULL,           -- sealed JSON object: the config vars of this version
    reason       TEXT NOT NULL CHECK (reason IN ('initial', 'deploy', 'config', 'promotion', 'rollback', 'api', 'add-on')),
    description  TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'errored')),
    step         TEXT NOT NULL,             -- waiting, phase, boot, decided, done: where a pending release goes on after a crash
    failure      TEXT,                      -- a sentence, when failed or errored
    has_output   INTEGER NOT NULL DEFAULT 0,-- its release phase wrote DIR/logs/releases/ID.log
    user_id      TEXT NOT NULL REFERENCES accounts(id),
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (app_id, version)
);
CREATE UNIQUE INDEX releases_one_in_flight ON releases(app_id) WHERE status = 'pending';
CREATE INDEX releases_current ON releases(app_id, status, version);

-- Releases that wait for their turn; version, slug and config are fixed when it comes.
CREATE TABLE release_queue (
    id                  TEXT PRIMARY KEY,   -- becomes the release's id
    app_id              TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    place               BIGINT NOT NULL,
    reason              TEXT NOT NULL,
    request             TEXT NOT NULL,      -- JSON: what to release, by reason
    user_id             TEXT NOT NULL REFERENCES accounts(id),
    created_at          BIGINT NOT NULL,
    UNIQUE (app_id, place)
);

CREATE TABLE pipelines (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    owner_id    TEXT NOT NULL REFERENCES accounts(id),
    stages      TEXT NOT NULL,              -- JSON array of stage names, in order
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX pipelines_name ON pipelines(name);

CREATE TABLE pipeline_couplings (
    id           TEXT PRIMARY KEY,
    pipeline_id  TEXT NOT NULL REFERENCES pipelines(id) ON DELETE CASCADE,
    app_id       TEXT NOT NULL UNIQUE REFERENCES apps(id) ON DELETE CASCADE,
    stage        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX couplings_pipeline ON pipeline_couplings(pipeline_id);

CREATE TABLE promotions (
    id                 TEXT PRIMARY KEY,
    pipeline_id        TEXT,
    source_app_id      TEXT NOT NULL,
    source_release_id  TEXT NOT NULL,
    user_id            TEXT NOT NULL REFERENCES accounts(id),
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL
);

-- A target has no status of its own: it is its release's. Before its turn comes the release waits in release_queue under the same id.
CREATE TABLE promotion_targets (
    id            TEXT PRIMARY KEY,
    promotion_id  TEXT NOT NULL REFERENCES promotions(id) ON DELETE CASCADE,
    app_id        TEXT NOT NULL,
    release_id    TEXT NOT NULL,
    refusal       TEXT,                     -- a sentence, when no release could be made for this target
    UNIQUE (promotion_id, app_id)
);

-- Tarballs uploaded by POST /sources, and slugs by POST /apps/:a/slugs. The token in the URL is kept as SHA-256.
CREATE TABLE uploads (
    id          TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    slug_id     TEXT REFERENCES slugs(id),
    sha256      TEXT NOT NULL UNIQUE,
    complete    INTEGER NOT NULL DEFAULT 0,
    created_at  BIGINT NOT NULL
);

CREATE TABLE events (
    id          {serial},
    at          BIGINT NOT NULL,
    account_id  TEXT,
    what        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    app_id      TEXT,
    request_id  TEXT,
    data        TEXT NOT NULL
);
CREATE INDEX events_app ON events(app_id, id);
