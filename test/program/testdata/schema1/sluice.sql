-- A data folder in the middle of a job; see testdata/README.md. Not written by hand.
PRAGMA foreign_keys = OFF;
BEGIN;
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
CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);
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
CREATE TABLE launch (
    key_id TEXT PRIMARY KEY,
    at     BIGINT NOT NULL
);
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
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
CREATE TABLE river_job (
    id integer PRIMARY KEY AUTOINCREMENT,
    args blob NOT NULL DEFAULT (jsonb('{}')),
    attempt integer NOT NULL DEFAULT 0,
    attempted_at timestamp,
    attempted_by blob, -- json
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    errors blob, -- json
    finalized_at timestamp,
    kind text NOT NULL,
    max_attempts integer NOT NULL DEFAULT 25,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    priority integer NOT NULL DEFAULT 1,
    queue text NOT NULL DEFAULT 'default',
    state text NOT NULL DEFAULT 'available',
    scheduled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    tags blob NOT NULL DEFAULT (jsonb('[]')),
    unique_key blob,
    unique_states integer,
    CONSTRAINT finalized_or_finalized_at_null CHECK (
        (finalized_at IS NULL AND state NOT IN ('cancelled', 'completed', 'discarded')) OR
        (finalized_at IS NOT NULL AND state IN ('cancelled', 'completed', 'discarded'))
    ),
    CONSTRAINT priority_in_range CHECK (priority >= 1 AND priority <= 4),
    CONSTRAINT queue_length CHECK (length(queue) > 0 AND length(queue) < 128),
    CONSTRAINT kind_length CHECK (length(kind) > 0 AND length(kind) < 128),
    CONSTRAINT state_valid CHECK (state IN ('available', 'cancelled', 'completed', 'discarded', 'pending', 'retryable', 'running', 'scheduled'))
);
CREATE TABLE river_leader (
    elected_at timestamp NOT NULL,
    expires_at timestamp NOT NULL,
    leader_id text NOT NULL,
    name text PRIMARY KEY NOT NULL DEFAULT 'default' CHECK (name = 'default'),
    CONSTRAINT name_length CHECK (length(name) > 0 AND length(name) < 128),
    CONSTRAINT leader_id_length CHECK (length(leader_id) > 0 AND length(leader_id) < 128)
);
CREATE TABLE river_migration (
    line text NOT NULL,
    version integer NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT line_length CHECK (length(line) > 0 AND length(line) < 128),
    CONSTRAINT version_gte_1 CHECK (version >= 1),
    PRIMARY KEY (line, version)
);
CREATE TABLE river_notification (
    id integer PRIMARY KEY AUTOINCREMENT,
    created_at timestamp NOT NULL DEFAULT (datetime('now', 'subsec')),
    payload text NOT NULL,
    topic text NOT NULL,
    CONSTRAINT topic_length CHECK (length(topic) > 0 AND length(topic) < 128)
);
CREATE TABLE river_queue (
    name text PRIMARY KEY NOT NULL,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    metadata blob NOT NULL DEFAULT (jsonb('{}')),
    paused_at timestamp,
    updated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE schedule (
    workflow  TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    cron      TEXT NOT NULL,
    next_at   BIGINT NOT NULL
);
CREATE TABLE version (
    workflow   TEXT NOT NULL,
    source     TEXT NOT NULL,
    identifier TEXT NOT NULL,
    workspace  TEXT NOT NULL,
    version    TEXT NOT NULL,
    PRIMARY KEY (workflow, source, identifier)
);
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
CREATE TABLE workflow_ref (
    workflow TEXT NOT NULL,
    kind     TEXT NOT NULL, -- source, destination, node
    ref      TEXT NOT NULL,
    PRIMARY KEY (workflow, kind, ref)
);
CREATE TABLE workspace (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
INSERT INTO "api_key" VALUES ('3bf08c98-ce8c-4d82-ad06-a2d6ad1cc6dc', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'first', 'admin', '86a04f4421b5677cf7b22b053161e7777bd4d2406ea0b0efd7df29d3202e5cc0', 'slc_vKEC', 1795695081008942, 0);
INSERT INTO "file" VALUES ('8be3989e-a622-45fb-b7bb-55d998d11f2e', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 0, '', 'letter000-6fb19bc1.txt', 'letter000-6fb19bc1.txt', 'done', 1, 0, 2, 1, 1, 1795695081078216, 1795695081020488, 1795695081078216, '7652a483-3fa7-4406-8a3d-738ebcb47ba7', '', '', 87, 'letter000.txt', 'application/octet-stream', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/8be3989e-a622-45fb-b7bb-55d998d11f2e/input', 'sha256:b0a8a997a83b1644e88833e818384122727e3b8572de96625b1f3324f0281174', '');
INSERT INTO "file" VALUES ('0d31412f-c6c8-4e20-9eef-4e4193253a16', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 1, '', 'letter001-554ce8d7.txt', 'letter001-554ce8d7.txt', 'running', 1, 0, 1, 0, 2, 1795695081080875, 1795695081079170, 0, '7652a483-3fa7-4406-8a3d-738ebcb47ba7', '', '', 87, 'letter001.txt', 'application/octet-stream', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/0d31412f-c6c8-4e20-9eef-4e4193253a16/input', 'sha256:2adcf68478eea5b92773d43b8258bd5a980af5dffb05007045a7ed5906e3aac9', '');
INSERT INTO "file" VALUES ('9dee7636-9b3e-44aa-8d0f-c7051c5761a0', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 2, '', 'letter002-3234e742.txt', 'letter002-3234e742.txt', 'queued', 0, 0, 0, 0, 3, 1795695081018980, 0, 0, '', '', '', 87, 'letter002.txt', 'application/octet-stream', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/9dee7636-9b3e-44aa-8d0f-c7051c5761a0/input', 'sha256:fefc31d6d320b113daf952f5a149f71714d5ccfc33eda0d509cd405c81044dbe', '');
INSERT INTO "goose_db_version" VALUES (1, 0, 1, '2026-11-26 12:11:21');
INSERT INTO "goose_db_version" VALUES (2, 1, 1, '2026-11-26 12:11:21');
INSERT INTO "job" VALUES ('b94489c3-47c6-4f19-ad56-0cb5dd42e866', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'cb5ec7d7-87b5-4169-8eb0-e5ff263ed0c7', 'Job b94489c3', 'ephemeral', 1, 'IN_PROGRESS', 'IN_PROGRESS', '', 1, 'all', 0, 1795695081017843, 1795695081020488, 0, '[]', '[]', '[{"id":"de7dfd95-4b0e-43e9-bbcf-74113ba96a08","name":"Partitioner","type":"partition","subtype":"unstructured_api","settings":{"coordinates":false,"encoding":"utf-8","exclude_elements":null,"include_page_breaks":false,"pdf_infer_table_structure":false,"strategy":"fast","xml_keep_tags":false}},{"id":"ae5ad48e-deaa-42b4-bd92-dbabc7d25f08","name":"Chunker","type":"chunk","subtype":"chunk_by_title","settings":{"combine_text_under_n_chars":null,"contextual_chunking_strategy":null,"include_orig_elements":false,"max_characters":400,"multipage_sections":false,"new_after_n_chars":null,"overlap":null,"overlap_all":false,"unstructured_api_key":null,"unstructured_api_url":null}}]');
INSERT INTO "job_count" VALUES ('b94489c3-47c6-4f19-ad56-0cb5dd42e866', 'demand', 3, 1, 3, 2, 2, 1, 0, 0);
INSERT INTO "node_run" VALUES ('8be3989e-a622-45fb-b7bb-55d998d11f2e', 'de7dfd95-4b0e-43e9-bbcf-74113ba96a08', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 0, '3e93a45eee9dafb236b351544aea7e597494e15f43bfe88b2e9d4c53b775281c', 'fcf2394d877b886b5cca7bcc0b464d53e2d6d5d2faa6a7048c8ce2dec234656d', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/8be3989e-a622-45fb-b7bb-55d998d11f2e/de7dfd95-4b0e-43e9-bbcf-74113ba96a08', 512, 2, 1795695081021020, 1795695081076250);
INSERT INTO "node_run" VALUES ('8be3989e-a622-45fb-b7bb-55d998d11f2e', 'ae5ad48e-deaa-42b4-bd92-dbabc7d25f08', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 1, '47b49aaeb0c1163fdf82629999a1161f58f11cbf341951b9c34137d02037bf4a', '1e8da8bed73e6bbd6ee23bd68dfb742c868573240751fe11a6bad86dde6ffcd4', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/8be3989e-a622-45fb-b7bb-55d998d11f2e/ae5ad48e-deaa-42b4-bd92-dbabc7d25f08', 286, 1, 1795695081076251, 1795695081077965);
INSERT INTO "node_run" VALUES ('0d31412f-c6c8-4e20-9eef-4e4193253a16', 'de7dfd95-4b0e-43e9-bbcf-74113ba96a08', 'b94489c3-47c6-4f19-ad56-0cb5dd42e866', 0, 'e87f7530497610b5f97d961130238688e1a3f37d53033908b146fbdc3b6e4fdc', 'e82e995f57eebdfbf1e4434f6d3a1e0d3e585db1895acc5c9b326f4ef8d665e9', '28053e47-d1ec-4ce1-b2f0-3c649b821427/b94489c3-47c6-4f19-ad56-0cb5dd42e866/0d31412f-c6c8-4e20-9eef-4e4193253a16/de7dfd95-4b0e-43e9-bbcf-74113ba96a08', 512, 2, 1795695081079575, 1795695081080768);
INSERT INTO "river_job" VALUES (1, X'CC7F176B4766696C651777C72432383035336534372D643165632D346365312D623266302D336336343962383231343237176AC72462393434383963332D343763362D346631392D616435362D3063623564643432653836361766C72438626533393839652D613632322D343566622D623762622D353564393938643131663265', 1, '2026-11-26 12:11:21.020', X'CB26C72437363532613438332D336661372D343430362D386133642D373338656263623437626137', '2026-11-26 12:11:21.018', NULL, NULL, 'task', 100, X'0C', 1, 'demand', 'running', '2026-11-26 12:11:21.018', X'0B', NULL, NULL);
INSERT INTO "river_job" VALUES (2, X'CC7F176B4766696C651777C72432383035336534372D643165632D346365312D623266302D336336343962383231343237176AC72462393434383963332D343763362D346631392D616435362D3063623564643432653836361766C72430643331343132662D633663382D346532302D396565662D346534313933323533613136', 1, '2026-11-26 12:11:21.078', X'CB26C72437363532613438332D336661372D343430362D386133642D373338656263623437626137', '2026-11-26 12:11:21.018', NULL, NULL, 'task', 100, X'0C', 1, 'demand', 'running', '2026-11-26 12:11:21.018', X'0B', NULL, NULL);
INSERT INTO "river_job" VALUES (3, X'CC7F176B4766696C651777C72432383035336534372D643165632D346365312D623266302D336336343962383231343237176AC72462393434383963332D343763362D346631392D616435362D3063623564643432653836361766C72439646565373633362D396233652D343461612D386430662D633730353163353736316130', 0, NULL, NULL, '2026-11-26 12:11:21.018', NULL, NULL, 'task', 100, X'0C', 1, 'demand', 'available', '2026-11-26 12:11:21.018', X'0B', NULL, NULL);
INSERT INTO "river_leader" VALUES ('2026-11-26 12:11:21.011', '2026-11-26 12:11:36.011', '7652a483-3fa7-4406-8a3d-738ebcb47ba7', 'default');
INSERT INTO "river_migration" VALUES ('main', 1, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 2, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 3, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 4, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 5, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 6, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 7, '2026-11-26 12:11:20');
INSERT INTO "river_migration" VALUES ('main', 8, '2026-11-26 12:11:21');
INSERT INTO "river_queue" VALUES ('bulk', '2026-11-26 12:11:21.008', X'0C', NULL, '2026-11-26 12:11:21.008');
INSERT INTO "river_queue" VALUES ('demand', '2026-11-26 12:11:21.008', X'0C', NULL, '2026-11-26 12:11:21.008');
INSERT INTO "workflow" VALUES ('cb5ec7d7-87b5-4169-8eb0-e5ff263ed0c7', '28053e47-d1ec-4ce1-b2f0-3c649b821427', 'Job b94489c3', 'job b94489c3', 'custom', 'active', '', 1, 1, 1795695081017843, 1795695081017843, 0, '[]', '[]', '[{"id":"de7dfd95-4b0e-43e9-bbcf-74113ba96a08","name":"Partitioner","type":"partition","subtype":"unstructured_api","settings":{"coordinates":false,"encoding":"utf-8","exclude_elements":null,"include_page_breaks":false,"pdf_infer_table_structure":false,"strategy":"fast","xml_keep_tags":false}},{"id":"ae5ad48e-deaa-42b4-bd92-dbabc7d25f08","name":"Chunker","type":"chunk","subtype":"chunk_by_title","settings":{"combine_text_under_n_chars":null,"contextual_chunking_strategy":null,"include_orig_elements":false,"max_characters":400,"multipage_sections":false,"new_after_n_chars":null,"overlap":null,"overlap_all":false,"unstructured_api_key":null,"unstructured_api_url":null}}]');
INSERT INTO "workspace" VALUES ('28053e47-d1ec-4ce1-b2f0-3c649b821427', 'default', 1795695081008908);
DELETE FROM sqlite_sequence;
INSERT INTO "sqlite_sequence" VALUES ('river_job', 3);
INSERT INTO "sqlite_sequence" VALUES ('goose_db_version', 2);
CREATE UNIQUE INDEX api_key_name ON api_key (workspace, name) WHERE revoked_at = 0;
CREATE INDEX connection_check_latest ON connection_check (connector, created_at);
CREATE INDEX connector_list ON connector (workspace, side, created_at, id);
CREATE INDEX file_backlog ON file (job, seq) WHERE state = 'backlog';
CREATE UNIQUE INDEX file_identity ON file (job, source, identifier);
CREATE INDEX file_moving ON file (job, state, done) WHERE state <> 'done' AND (state <> 'backlog' OR done > 0);
CREATE UNIQUE INDEX file_seq ON file (job, seq);
CREATE UNIQUE INDEX file_wire ON file (job, wire_id);
CREATE INDEX job_expired ON job (ended_at) WHERE ended_at > 0 AND outputs_dropped = 0;
CREATE INDEX job_list ON job (workspace, created_at, id);
CREATE INDEX job_open ON job (workspace, on_demand, created_at) WHERE status IN ('SCHEDULED', 'IN_PROGRESS');
CREATE INDEX job_workflow ON job (workspace, workflow, created_at, id);
CREATE INDEX plan_job ON plan (job);
CREATE INDEX river_job_kind ON river_job (kind);
CREATE INDEX river_job_prioritized_fetching_index ON river_job (state, queue, priority, scheduled_at, id);
CREATE INDEX river_job_state_and_finalized_at_index ON river_job (state, finalized_at) WHERE finalized_at IS NOT NULL;
CREATE UNIQUE INDEX river_job_unique_idx ON river_job (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND CASE state
            WHEN 'available' THEN unique_states & (1 << 0)
            WHEN 'cancelled' THEN unique_states & (1 << 1)
            WHEN 'completed' THEN unique_states & (1 << 2)
            WHEN 'discarded' THEN unique_states & (1 << 3)
            WHEN 'pending'   THEN unique_states & (1 << 4)
            WHEN 'retryable' THEN unique_states & (1 << 5)
            WHEN 'running'   THEN unique_states & (1 << 6)
            WHEN 'scheduled' THEN unique_states & (1 << 7)
            ELSE 0
        END >= 1;
CREATE INDEX river_notification_created_at_idx ON river_notification (created_at);
CREATE INDEX river_notification_topic_id_idx ON river_notification (topic, id);
CREATE INDEX schedule_due ON schedule (next_at);
CREATE INDEX workflow_list ON workflow (workspace, created_at, id);
CREATE INDEX workflow_ref_ref ON workflow_ref (ref, kind);
COMMIT;
