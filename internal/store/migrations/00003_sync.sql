-- +goose Up

-- Whether documents that left the source leave the destinations: 0 no, 1 yes, 2 also when they are more than a fifth.
ALTER TABLE workflow ADD COLUMN delete_removed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN delete_removed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN removed BIGINT NOT NULL DEFAULT 0;

-- A row stands for a document that a destination may hold: what the source said of it, and the job that listed it last without
-- working on it. Its version is '' until a run has finished it.
ALTER TABLE version ADD COLUMN document TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN listed_by TEXT NOT NULL DEFAULT '';
