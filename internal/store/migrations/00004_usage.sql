-- +goose Up

-- What the nodes of a job asked of models, over all files and attempts: calls that a provider answered, answers of the cache,
-- tokens as the providers count them, the cost in billionths of a US dollar, and calls to models whose price is not known.
CREATE TABLE model_usage (
    job           TEXT NOT NULL,
    node          TEXT NOT NULL,
    calls         BIGINT NOT NULL,
    cached        BIGINT NOT NULL,
    input_tokens  BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost          BIGINT NOT NULL,
    unpriced      BIGINT NOT NULL,
    PRIMARY KEY (job, node)
);
