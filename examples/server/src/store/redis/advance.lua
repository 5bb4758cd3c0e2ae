-- KEYS: the device. ARGV: the new counter, the least that the highest one has to be, strict or window.
local record = redis.call('HMGET', KEYS[1], 'counter', 'seen', 'revoked_at')
if not record[1] then return 'unknown key' end
if record[3] then return 'revoked' end
local to, from, highest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(record[1])
if ARGV[3] == 'strict' then
    if to <= highest then return 'not increased' end
    if highest < from then return 'step too large' end
    redis.call('HSET', KEYS[1], 'counter', ARGV[1])
    redis.call('HDEL', KEYS[1], 'seen')
    return 'advanced'
end
-- One letter for each of the 64 counters below the highest, the nearest first; all seen where there are none.
local seen = record[2] or string.rep('1', 64)
if highest < from then return 'step too large' end
if to > highest then
    -- Those in between were not seen; what was the highest was.
    seen = string.rep('0', math.min(to - highest - 1, 64)) .. '1' .. seen
    redis.call('HSET', KEYS[1], 'counter', ARGV[1], 'seen', string.sub(seen, 1, 64))
    return 'advanced'
end
local below = highest - to
if below > 64 then return 'below window' end
if below == 0 or string.sub(seen, below, below) == '1' then return 'seen' end
redis.call('HSET', KEYS[1], 'seen', string.sub(seen, 1, below - 1) .. '1' .. string.sub(seen, below + 1))
return 'advanced'
