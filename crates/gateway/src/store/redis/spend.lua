-- KEYS: the challenge. ARGV: who uses it, seconds to remember that. Gives 1, or 0 and who did before.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then return {1, ''} end
return {0, redis.call('GET', KEYS[1])}
