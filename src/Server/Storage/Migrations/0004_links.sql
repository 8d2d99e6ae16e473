-- What the Heroku CLI sets up for GitHub sync, kept for repositories that are held here.
CREATE TABLE pipeline_repositories (
    pipeline_id  TEXT PRIMARY KEY REFERENCES pipelines(id) ON DELETE CASCADE,
    app_id       TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE, -- whose repository it is: sluice/APP
    ci           INTEGER NOT NULL DEFAULT 0,
    account_id   TEXT NOT NULL,             -- who connected it; may be gone
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

CREATE TABLE app_links (
    app_id         TEXT PRIMARY KEY REFERENCES apps(id) ON DELETE CASCADE,
    branch         TEXT,
    auto_deploy    INTEGER NOT NULL DEFAULT 0,
    wait_for_ci    INTEGER NOT NULL DEFAULT 0,
    pull_requests  TEXT NOT NULL,           -- JSON object: enabled, auto_deploy, auto_destroy
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

-- POST /app-setups: an app made, put into a pipeline and built from a tarball, in one durable job.
CREATE TABLE app_setups (
    id               TEXT PRIMARY KEY,
    app_id           TEXT NOT NULL,         -- may be gone: then it failed
    status           TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    failure_message  TEXT,
    request          TEXT NOT NULL,         -- JSON: what is built, and where it came from
    build_id         TEXT NOT NULL,         -- chosen before the build is there
    account_id       TEXT NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL
);
