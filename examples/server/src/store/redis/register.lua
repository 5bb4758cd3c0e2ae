-- KEYS: the device. ARGV: attested key, application, registered at, counter.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'key', ARGV[1], 'application', ARGV[2], 'registered_at', ARGV[3], 'counter', ARGV[4])
return 1
