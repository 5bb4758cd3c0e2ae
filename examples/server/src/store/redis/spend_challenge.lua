-- KEYS: the challenge, the list of unused challenges by expiry. ARGV: who uses it. Gives 1, or 0 and who did before.
if redis.call('EXISTS', KEYS[1]) == 0 then return {-1, ''} end
redis.call('ZREM', KEYS[2], KEYS[1])
if redis.call('HSETNX', KEYS[1], 'used_by', ARGV[1]) == 1 then return {1, ''} end
return {0, redis.call('HGET', KEYS[1], 'used_by')}
