-- Keys that the hardware of phones attests. A gateway of the version before runs on: it registers none.
ALTER TABLE genuine.devices DROP CONSTRAINT devices_attested_check;
ALTER TABLE genuine.devices
    -- 3: a phone's. It has 175 octets, and with each of up to eight serial numbers of certificates up to 21 more.
    ADD CONSTRAINT devices_attested_check CHECK (CASE kind
        WHEN 0 THEN octet_length(attested) = 0
        WHEN 1 THEN octet_length(attested) = 130
        WHEN 2 THEN octet_length(attested) = 66
        WHEN 3 THEN octet_length(attested) BETWEEN 175 AND 343
        ELSE false
    END);
