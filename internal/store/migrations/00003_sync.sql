-- +goose Up

-- What a workflow knows of a document besides its version: enough of it to remove it, the destinations that may hold it,
-- those that have the version ('' in rows of an older program), and the job that last saw it in a complete or broken-off
-- listing, by its time of creation.
ALTER TABLE version ADD COLUMN document TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN held TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN written TEXT NOT NULL DEFAULT '';
ALTER TABLE version ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;

ALTER TABLE workflow ADD COLUMN delete_removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN delete_removed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN force_remove INTEGER NOT NULL DEFAULT 0;

-- The removal from the destinations of what has left one source. It has the id of the plan whose listing was complete.
CREATE TABLE removal (
    id       TEXT PRIMARY KEY,
    job      TEXT NOT NULL,
    source   TEXT NOT NULL,
    cursor   TEXT NOT NULL DEFAULT '', -- identifier of the last document that was tried
    state    TEXT NOT NULL,
    attempt  INTEGER NOT NULL DEFAULT 0,
    claims   INTEGER NOT NULL DEFAULT 0,
    removed  BIGINT NOT NULL DEFAULT 0,
    failed   BIGINT NOT NULL DEFAULT 0,
    error    TEXT NOT NULL DEFAULT '',
    task     BIGINT NOT NULL DEFAULT 0,
    moved_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX removal_job ON removal (job);
