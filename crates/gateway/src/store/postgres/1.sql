-- What gateways keep. Numbers of seconds since 1970 and counters are unsigned, and fit.
CREATE TABLE genuine.devices (
    key_id bytea PRIMARY KEY CHECK (octet_length(key_id) = 32),
    attested bytea NOT NULL CHECK (octet_length(attested) = 130),
    application text NOT NULL,
    registered_at bigint NOT NULL,
    -- ReplayWindow in its stored form: the highest counter, and which of the 64 below it were accepted.
    counters bytea NOT NULL,
    revoked_at bigint
);
CREATE TABLE genuine.spent (
    challenge bytea PRIMARY KEY CHECK (octet_length(challenge) = 32),
    spent_by bytea NOT NULL CHECK (octet_length(spent_by) = 32),
    until bigint NOT NULL
);
CREATE INDEX spent_until ON genuine.spent (until);
CREATE TABLE genuine.secrets (
    usage text NOT NULL,
    number bigint NOT NULL,
    made_at bigint NOT NULL,
    octets bytea NOT NULL CHECK (octet_length(octets) = 32),
    PRIMARY KEY (usage, number)
);
CREATE TABLE genuine.readiness (
    one boolean PRIMARY KEY CHECK (one),
    asked bigint NOT NULL
);
INSERT INTO genuine.readiness VALUES (true, 0);
