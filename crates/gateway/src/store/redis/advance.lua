-- KEYS: the device. ARGV: the new counter, the least that the highest one has to be, strict or window.
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown key' end
local record = redis.call('HMGET', KEYS[1], 'counter', 'window', 'revoked_at', 'locked_at')
if record[3] then return 'revoked' end
if record[4] then return 'locked' end
local to, from, highest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(string.match(record[1] or '', '^%d+$'))
if not highest or highest > 4294967295 then return 'closed' end
-- One letter for each of the 64 counters below the highest, the nearest first; all seen where there are none, and where they
-- stand for another counter: a server of an earlier version has then moved it alone.
local seen = string.rep('1', 64)
if record[2] then
    local of, letters = string.match(record[2], '^(%d+):([01]+)$')
    if not of or #letters ~= 64 then return 'closed' end
    if of == record[1] then seen = letters end
end
local strict = ARGV[3] == 'strict'
if strict and to <= highest then return 'not increased' end
if highest < from then return 'step too large' end
local below = highest - to
if strict then
    redis.call('HDEL', KEYS[1], 'window')
elseif to > highest then
    -- Those in between were not seen; what was the highest was.
    seen = string.sub(string.rep('0', math.min(to - highest - 1, 64)) .. '1' .. seen, 1, 64)
    redis.call('HSET', KEYS[1], 'window', ARGV[1] .. ':' .. seen)
else
    if below > 64 then return 'below window' end
    if below == 0 or string.sub(seen, below, below) == '1' then return 'seen' end
    seen = string.sub(seen, 1, below - 1) .. '1' .. string.sub(seen, below + 1)
    redis.call('HSET', KEYS[1], 'window', record[1] .. ':' .. seen)
end
if to > highest then redis.call('HSET', KEYS[1], 'counter', ARGV[1]) end
-- The letters of an earlier version, without the counter that they stand for: it finds none, and counts all as seen.
redis.call('HDEL', KEYS[1], 'seen')
return 'advanced'
