-- KEYS: the device. ARGV: kind of the key, key, application, account or nothing, registered at, attested at, highest counter, which
-- below it were seen or nothing for all, epoch.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'kind', ARGV[1], 'key', ARGV[2], 'application', ARGV[3], 'registered_at', ARGV[5],
    'attested_at', ARGV[6], 'counter', ARGV[7], 'epoch', ARGV[9])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'account', ARGV[4]) end
if ARGV[8] ~= '' then redis.call('HSET', KEYS[1], 'window', ARGV[8]) end
return 1
