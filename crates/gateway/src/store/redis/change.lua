-- KEYS: the device. ARGV: what happens to it, and when or how much.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local what, value = ARGV[1], ARGV[2]
-- Times and epochs are below 2^53, up to which Lua's numbers are whole.
local function raise(field)
    local before = tonumber(redis.call('HGET', KEYS[1], field) or '0')
    if tonumber(value) > before then redis.call('HSET', KEYS[1], field, value) end
end
if what == 'revoke' then
    redis.call('HSETNX', KEYS[1], 'revoked_at', value)
elseif what == 'lock' then
    redis.call('HSETNX', KEYS[1], 'locked_at', value)
elseif what == 'unlock' then
    redis.call('HDEL', KEYS[1], 'locked_at')
elseif what == 'attest' then
    raise('attested_at')
    local locked_at = tonumber(redis.call('HGET', KEYS[1], 'locked_at') or '0')
    if locked_at * 1000 <= tonumber(value) then redis.call('HDEL', KEYS[1], 'locked_at') end
elseif what == 'revoke tokens' then
    raise('tokens_after')
elseif what == 'epoch' then
    raise('epoch')
elseif what == 'erase' then
    local revoked_at = redis.call('HGET', KEYS[1], 'revoked_at') or value
    redis.call('DEL', KEYS[1])
    -- No counter: the record accepts nothing.
    redis.call('HSET', KEYS[1], 'kind', 0, 'key', '', 'application', '', 'registered_at', 0, 'revoked_at', revoked_at)
else
    return redis.error_reply('no such change')
end
return 1
