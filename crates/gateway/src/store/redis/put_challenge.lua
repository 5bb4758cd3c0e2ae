-- KEYS: the challenge, the list of unused challenges by expiry. ARGV: now, when to forget it, how many there may be, seconds to
-- keep it, purpose, application, session, expiry.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[2], KEYS[1])
redis.call('HSET', KEYS[1], 'purpose', ARGV[5], 'application', ARGV[6], 'session', ARGV[7], 'expires_at', ARGV[8])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
