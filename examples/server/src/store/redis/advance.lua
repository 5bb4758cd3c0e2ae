-- KEYS: the device. ARGV: the new counter.
local last = redis.call('HGET', KEYS[1], 'counter')
if not last then return -1 end
if redis.call('HEXISTS', KEYS[1], 'revoked_at') == 1 then return -2 end
if tonumber(ARGV[1]) <= tonumber(last) then return 0 end
redis.call('HSET', KEYS[1], 'counter', ARGV[1])
return 1
