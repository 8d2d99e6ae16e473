-- Pages ask of many apps at once whether something is being built.
CREATE INDEX builds_pending ON builds(app_id) WHERE status = 'pending';
