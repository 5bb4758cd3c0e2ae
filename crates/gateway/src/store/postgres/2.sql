-- Devices of both platforms, and of accounts. A gateway of the version before runs on: what it registers is Apple's.
ALTER TABLE genuine.devices DROP CONSTRAINT devices_attested_check;
ALTER TABLE genuine.devices
    -- Whose key it is: 0 nobody's any more, 1 Apple's, 2 the client's own.
    ADD COLUMN kind smallint NOT NULL DEFAULT 1,
    ADD COLUMN account bytea CHECK (octet_length(account) = 32),
    -- Milliseconds since 1970; nothing for what a gateway of the version before has registered.
    ADD COLUMN attested_at bigint,
    ADD COLUMN epoch bigint NOT NULL DEFAULT 0,
    ADD COLUMN tokens_after bigint NOT NULL DEFAULT 0,
    ADD COLUMN locked_at bigint,
    ADD CONSTRAINT devices_attested_check CHECK (octet_length(attested) = CASE kind WHEN 0 THEN 0 WHEN 1 THEN 130 ELSE 66 END);
CREATE INDEX devices_of_account ON genuine.devices (account, key_id) WHERE account IS NOT NULL;
