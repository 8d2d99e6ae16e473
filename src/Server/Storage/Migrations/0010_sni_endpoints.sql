-- Certificates of people's own. The key is sealed; the chain is public.
CREATE TABLE sni_endpoints (
    id          TEXT PRIMARY KEY,
    app_id      TEXT NOT NULL REFERENCES apps(id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    chain       TEXT NOT NULL,              -- PEM, the leaf first
    private_key {blob} NOT NULL,            -- PEM, sealed
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    UNIQUE (app_id, name)
);
ALTER TABLE domains ADD COLUMN sni_endpoint_id TEXT REFERENCES sni_endpoints(id) ON DELETE SET NULL;
