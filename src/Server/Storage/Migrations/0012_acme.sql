-- Certificates that an authority elsewhere gives for domains, by ACME.
ALTER TABLE apps ADD COLUMN acm INTEGER NOT NULL DEFAULT 0 CHECK (acm IN (0, 1));
ALTER TABLE sni_endpoints ADD COLUMN acm INTEGER NOT NULL DEFAULT 0 CHECK (acm IN (0, 1));   -- ordered and renewed by us, not uploaded

-- How an authority knows us.
CREATE TABLE acme_accounts (
    id          TEXT PRIMARY KEY,
    directory   TEXT NOT NULL UNIQUE,       -- the authority's address
    private_key {blob} NOT NULL,            -- PKCS 8, sealed
    url         TEXT,                       -- the account's; null until the authority knows the key
    created_at  BIGINT NOT NULL
);

-- A domain's certificate on its way, and when it is ordered next. No row: nothing was tried yet.
CREATE TABLE acme_jobs (
    id          TEXT PRIMARY KEY REFERENCES domains(id) ON DELETE CASCADE,
    next_at     BIGINT NOT NULL,
    tried_at    BIGINT NOT NULL,
    failures    INTEGER NOT NULL,           -- in a row
    reason      TEXT,                       -- why it waits; a sentence
    order_url   TEXT,                       -- null: no order is under way
    ordered_at  BIGINT,
    private_key {blob},                     -- of the certificate that was ordered; PKCS 8, sealed
    token       TEXT,                       -- what the authority looks for at the name
    proof       TEXT                        -- what it finds there
);
