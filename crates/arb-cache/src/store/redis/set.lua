-- Writes values that live equally long, are not guarded and have no place in a ranking.
-- KEYS: their keys. ARGV: the time to live in ms, then the values in the order of their keys.
local call, keys, values, ttl = redis.call, KEYS, ARGV, ARGV[1]
for i = 1, #keys do
  call('PSETEX', keys[i], ttl, values[i + 1])
end
return #keys
