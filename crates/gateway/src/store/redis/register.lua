-- KEYS: the device. ARGV: attested key, application, registered at, highest counter, which below it were seen or nothing for all.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'key', ARGV[1], 'application', ARGV[2], 'registered_at', ARGV[3], 'counter', ARGV[4])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'window', ARGV[5]) end
return 1
