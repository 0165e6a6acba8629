-- Writes values that live equally long, are not guarded and have no place in a ranking.
-- KEYS: their keys. ARGV: the time to live in ms, then the values in the order of their keys.
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 1], 'PX', ARGV[1])
end
return #KEYS
