-- KEYS: the secrets of a use. ARGV: number, secret, number of the one to forget.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[3])
return 1
