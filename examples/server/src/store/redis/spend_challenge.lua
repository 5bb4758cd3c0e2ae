-- KEYS: the challenge, the list of unused challenges by expiry.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('ZREM', KEYS[2], KEYS[1])
return redis.call('HSETNX', KEYS[1], 'used', 1)
