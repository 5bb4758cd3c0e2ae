-- KEYS: the challenge, the list of unused challenges by expiry. ARGV: who uses it. Gives 1, or 0 and who did before.
-- Earlier versions set `used` alone, or `used_by` alone: what they have used is used, and they see what is used here.
if redis.call('EXISTS', KEYS[1]) == 0 then return {-1, ''} end
redis.call('ZREM', KEYS[2], KEYS[1])
local by = redis.call('HGET', KEYS[1], 'used_by')
if by or redis.call('HSETNX', KEYS[1], 'used', 1) == 0 then return {0, by or ''} end
redis.call('HSET', KEYS[1], 'used_by', ARGV[1])
return {1, ''}
