-- +goose Up

CREATE TABLE workspace (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_key (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    hint       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL DEFAULT 0
);
-- A name can be given again after its key was revoked.
CREATE UNIQUE INDEX api_key_name ON api_key (workspace, name) WHERE revoked_at = 0;

CREATE TABLE connector (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL,
    side       TEXT NOT NULL,
    name       TEXT NOT NULL,
    type       TEXT NOT NULL,
    type_fold  TEXT NOT NULL, -- the type without case, - as _
    config     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX connector_list ON connector (workspace, side, created_at, id);

CREATE TABLE connection_check (
    id          TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL,
    side        TEXT NOT NULL,
    connector   TEXT NOT NULL,
    status      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    reported_at BIGINT NOT NULL
);
CREATE INDEX connection_check_latest ON connection_check (connector, created_at);

CREATE TABLE workflow (
    id            TEXT PRIMARY KEY,
    workspace     TEXT NOT NULL,
    name          TEXT NOT NULL,
    name_fold     TEXT NOT NULL, -- the name in lower case
    type          TEXT NOT NULL,
    status        TEXT NOT NULL,
    schedule      TEXT NOT NULL,
    reprocess_all INTEGER NOT NULL,
    on_demand     INTEGER NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    deleted_at    BIGINT NOT NULL DEFAULT 0,
    sources       TEXT NOT NULL,
    destinations  TEXT NOT NULL,
    nodes         TEXT NOT NULL
);
CREATE INDEX workflow_list ON workflow (workspace, created_at, id);

-- What a workflow names: its sources, destinations and nodes, to find workflows by them.
CREATE TABLE workflow_ref (
    workflow TEXT NOT NULL,
    kind     TEXT NOT NULL, -- source, destination, node
    ref      TEXT NOT NULL,
    PRIMARY KEY (workflow, kind, ref)
);
CREATE INDEX workflow_ref_ref ON workflow_ref (ref, kind);

CREATE TABLE schedule (
    workflow  TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    cron      TEXT NOT NULL,
    next_at   BIGINT NOT NULL
);
CREATE INDEX schedule_due ON schedule (next_at);

-- The frozen part of a job and its times; what every file changes is in job_count.
CREATE TABLE job (
    id              TEXT PRIMARY KEY,
    workspace       TEXT NOT NULL,
    workflow        TEXT NOT NULL,
    workflow_name   TEXT NOT NULL,
    type            TEXT NOT NULL,
    on_demand       INTEGER NOT NULL,
    status          TEXT NOT NULL,
    processing      TEXT NOT NULL,
    message         TEXT NOT NULL,
    reprocess_all   INTEGER NOT NULL,
    keep_outputs    TEXT NOT NULL,
    outputs_dropped INTEGER NOT NULL DEFAULT 0,
    created_at      BIGINT NOT NULL,
    started_at      BIGINT NOT NULL,
    ended_at        BIGINT NOT NULL,
    sources         TEXT NOT NULL,
    destinations    TEXT NOT NULL,
    nodes           TEXT NOT NULL
);
CREATE INDEX job_list ON job (workspace, created_at, id);
CREATE INDEX job_workflow ON job (workspace, workflow, created_at, id);
CREATE INDEX job_open ON job (workspace, on_demand, created_at) WHERE status IN ('SCHEDULED', 'IN_PROGRESS');
CREATE INDEX job_expired ON job (ended_at) WHERE ended_at > 0 AND outputs_dropped = 0;

-- open counts files that have not ended; active those of them that are queued, running or writing.
CREATE TABLE job_count (
    job         TEXT PRIMARY KEY,
    queue       TEXT NOT NULL,
    next_seq    BIGINT NOT NULL DEFAULT 0,
    planned     INTEGER NOT NULL DEFAULT 0,
    total       BIGINT NOT NULL DEFAULT 0,
    open        BIGINT NOT NULL DEFAULT 0,
    active      BIGINT NOT NULL DEFAULT 0,
    done        BIGINT NOT NULL DEFAULT 0,
    failed      BIGINT NOT NULL DEFAULT 0,
    finish_task BIGINT NOT NULL DEFAULT 0 -- the queued finish task; 0 is none
);

CREATE TABLE plan (
    id       TEXT PRIMARY KEY,
    job      TEXT NOT NULL,
    source   TEXT NOT NULL,
    cursor   TEXT NOT NULL,
    state    TEXT NOT NULL,
    attempt  INTEGER NOT NULL DEFAULT 0,
    claims   INTEGER NOT NULL DEFAULT 0,
    error    TEXT NOT NULL DEFAULT '',
    task     BIGINT NOT NULL DEFAULT 0,
    moved_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX plan_job ON plan (job);

CREATE TABLE file (
    id           TEXT PRIMARY KEY,
    workspace    TEXT NOT NULL,
    job          TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    source       TEXT NOT NULL,
    identifier   TEXT NOT NULL,
    wire_id      TEXT NOT NULL,
    state        TEXT NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    claims       INTEGER NOT NULL DEFAULT 0,
    done         INTEGER NOT NULL DEFAULT 0,
    pages        INTEGER NOT NULL DEFAULT 0,
    task         BIGINT NOT NULL DEFAULT 0,
    moved_at     BIGINT NOT NULL DEFAULT 0,
    claimed_at   BIGINT NOT NULL DEFAULT 0,
    ended_at     BIGINT NOT NULL DEFAULT 0,
    node         TEXT NOT NULL DEFAULT '',
    outcome      TEXT NOT NULL DEFAULT '',
    error        TEXT NOT NULL DEFAULT '',
    size         BIGINT NOT NULL,
    name         TEXT NOT NULL,
    content_type TEXT NOT NULL,
    input_blob   TEXT NOT NULL,
    version      TEXT NOT NULL,
    document     TEXT NOT NULL
);
CREATE UNIQUE INDEX file_seq ON file (job, seq);
CREATE UNIQUE INDEX file_identity ON file (job, source, identifier);
CREATE UNIQUE INDEX file_wire ON file (job, wire_id);
CREATE INDEX file_backlog ON file (job, seq) WHERE state = 'backlog';
-- The files that the counts of a job do not tell: everything but done ones and those that have not begun.
CREATE INDEX file_moving ON file (job, state, done) WHERE state <> 'done' AND (state <> 'backlog' OR done > 0);

CREATE TABLE node_run (
    file        TEXT NOT NULL,
    node        TEXT NOT NULL,
    job         TEXT NOT NULL,
    idx         INTEGER NOT NULL,
    input_hash  TEXT NOT NULL,
    output_hash TEXT NOT NULL,
    blob        TEXT NOT NULL,
    size        BIGINT NOT NULL,
    elements    INTEGER NOT NULL,
    started_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL,
    PRIMARY KEY (file, node)
);

CREATE TABLE file_write (
    file        TEXT NOT NULL,
    destination TEXT NOT NULL,
    job         TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempt     INTEGER NOT NULL DEFAULT 0,
    claims      INTEGER NOT NULL DEFAULT 0,
    error       TEXT NOT NULL DEFAULT '',
    node        TEXT NOT NULL DEFAULT '',
    task        BIGINT NOT NULL DEFAULT 0,
    moved_at    BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (file, destination)
);

-- The version of a document that a workflow last finished.
CREATE TABLE version (
    workflow   TEXT NOT NULL,
    source     TEXT NOT NULL,
    identifier TEXT NOT NULL,
    workspace  TEXT NOT NULL,
    version    TEXT NOT NULL,
    PRIMARY KEY (workflow, source, identifier)
);

-- The last on-demand launch of each key.
CREATE TABLE launch (
    key_id TEXT PRIMARY KEY,
    at     BIGINT NOT NULL
);

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
