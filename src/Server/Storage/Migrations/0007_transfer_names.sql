-- The app's name when it was offered or answered for: who may not see the app any more is not told how it is called now.
ALTER TABLE app_transfers ADD COLUMN app_name TEXT NOT NULL DEFAULT '';
UPDATE app_transfers SET app_name = (SELECT name FROM apps WHERE apps.id = app_transfers.app_id);
