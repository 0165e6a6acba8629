-- Removes a value together with its places in rankings.
-- KEYS: the key, then for each place the ranking and its expiry index. ARGV: the member of each place.
-- Returns how many values were removed.
for p = 1, #ARGV do
  redis.call('ZREM', KEYS[2 * p], ARGV[p])
  redis.call('ZREM', KEYS[2 * p + 1], ARGV[p])
end
return redis.call('DEL', KEYS[1])
