-- +goose Up

-- The processes that work on tasks, by the clock of the database. The embedded store has one worker and leaves it empty.
CREATE TABLE node (
    id      TEXT PRIMARY KEY,
    beat_at BIGINT NOT NULL
);
