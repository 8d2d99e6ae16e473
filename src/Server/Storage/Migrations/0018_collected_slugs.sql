-- When a slug lost its files, since only old releases name it; its digest is null from then on, and stays so.
ALTER TABLE slugs ADD COLUMN collected_at BIGINT;
CREATE INDEX releases_slug ON releases(slug_id);
-- These have a lowest value now.
UPDATE quotas SET value = 1 WHERE value < 1 AND name IN ('slug-mb', 'repo-mb');
