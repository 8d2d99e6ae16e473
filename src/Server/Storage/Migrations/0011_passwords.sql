-- Of accounts that have one beside their keys. The hash says by itself how it was made, salt and rounds with it.
CREATE TABLE passwords (
    account_id  TEXT PRIMARY KEY REFERENCES accounts(id) ON DELETE CASCADE,
    hash        TEXT NOT NULL,
    changed_at  BIGINT NOT NULL
);
