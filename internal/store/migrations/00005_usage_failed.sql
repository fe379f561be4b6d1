-- +goose Up

-- How many elements or pages had no answer that could be used, and stayed as they were.
ALTER TABLE model_usage ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;
