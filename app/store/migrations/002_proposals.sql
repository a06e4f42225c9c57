-- Pull requests that the App opens. A reservation, of number 0, comes before each, so that
-- replicas together keep to the limits.
CREATE TABLE chiselbot_proposal (
    repository   BIGINT NOT NULL,
    branch       TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    installation BIGINT NOT NULL,
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    holder       TEXT   NOT NULL, -- of the reservation
    dressed      BIGINT NOT NULL, -- 1 once labels, reviewers and assignees were given
    opened_at    BIGINT NOT NULL, -- by our clock
    checked_at   BIGINT NOT NULL, -- when GitHub last said what state it has
    PRIMARY KEY (repository, branch, number)
);
CREATE INDEX chiselbot_proposal_opened_at ON chiselbot_proposal (installation, opened_at);
CREATE INDEX chiselbot_proposal_state ON chiselbot_proposal (installation, state);
