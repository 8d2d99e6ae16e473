-- Each sealed by the key in secret.key, which is never here. Values are sealed by the one with the highest number.
CREATE TABLE data_keys (
    number     INTEGER PRIMARY KEY,
    key        {blob} NOT NULL,
    created_at BIGINT NOT NULL
);
