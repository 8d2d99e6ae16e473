-- What app.json names under healthchecks.
ALTER TABLE slugs ADD COLUMN health_path TEXT;
