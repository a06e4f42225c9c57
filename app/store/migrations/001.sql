-- Both SQLite and PostgreSQL run this. Instants are milliseconds since 1970.

-- Deliveries whose job is done. A redelivery of one of them is no news.
CREATE TABLE chiselbot_delivery (
    guid         TEXT PRIMARY KEY,
    processed_at BIGINT NOT NULL
);
CREATE INDEX chiselbot_delivery_processed_at ON chiselbot_delivery (processed_at);

-- The newest head of each pull request that a delivery told of.
CREATE TABLE chiselbot_head (
    repository BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    head       TEXT   NOT NULL,
    changed_at BIGINT NOT NULL, -- by GitHub's clock
    seen_at    BIGINT NOT NULL, -- by ours
    PRIMARY KEY (repository, number)
);
CREATE INDEX chiselbot_head_seen_at ON chiselbot_head (seen_at);

-- Check runs, so that a retried job finds its own.
CREATE TABLE chiselbot_run (
    repository  BIGINT NOT NULL,
    external_id TEXT   NOT NULL,
    head        TEXT   NOT NULL,
    head_tree   TEXT   NOT NULL,
    base        TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    job         BIGINT NOT NULL,
    check_run   BIGINT NOT NULL,
    generation  BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    conclusion  TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    summary     TEXT   NOT NULL,
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (repository, external_id)
);
CREATE INDEX chiselbot_run_head ON chiselbot_run (repository, head);
CREATE INDEX chiselbot_run_job ON chiselbot_run (job);
CREATE INDEX chiselbot_run_trees ON chiselbot_run (repository, head_tree);
CREATE INDEX chiselbot_run_changed_at ON chiselbot_run (changed_at);

-- What git can never change.
CREATE TABLE chiselbot_object (
    name    TEXT PRIMARY KEY,
    size    BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    content BYTEA  NOT NULL -- last: SQLite reads a row from the front
);
CREATE INDEX chiselbot_object_used_at ON chiselbot_object (used_at, name, size);

-- Installations: until when GitHub wants to hear nothing of them, and, by minute, how
-- much content they created.
CREATE TABLE chiselbot_installation (
    id           BIGINT PRIMARY KEY,
    silent_until BIGINT NOT NULL
);
CREATE TABLE chiselbot_spending (
    installation BIGINT NOT NULL,
    spent_at     BIGINT NOT NULL
);
CREATE INDEX chiselbot_spending_at ON chiselbot_spending (installation, spent_at);

-- Single values: the credentials, how far the log of deliveries was read.
CREATE TABLE chiselbot_value (
    name    TEXT PRIMARY KEY,
    content BYTEA NOT NULL
);

-- Processes that work on jobs, so that the jobs of a dead one are handed on.
CREATE TABLE chiselbot_process (
    id      TEXT PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
