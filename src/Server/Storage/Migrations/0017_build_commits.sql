-- What a build is made of, as people know it: git forgets the commit of a push that is refused, and shows none to others before the push is over.
ALTER TABLE builds ADD COLUMN commit_description TEXT;
ALTER TABLE builds ADD COLUMN commit_author TEXT;
