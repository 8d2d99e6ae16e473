-- What stood below a release's slug when its turn came: the fingerprint of the machine's packages, as slugs have that of the machine they were built on.
ALTER TABLE releases ADD COLUMN host_packages TEXT;
