-- What came of a target whose app is gone, and its release with it. Null while the app is there: then its release says so.
ALTER TABLE promotion_targets ADD COLUMN outcome TEXT CHECK (outcome IN ('succeeded', 'failed'));
CREATE INDEX promotion_targets_app ON promotion_targets(app_id);
