-- Removes a value together with its places in rankings.
-- KEYS: the key, then its rankings. Returns how many values were removed.
for s = 2, #KEYS do
  redis.call('ZREM', KEYS[s], KEYS[1])
end
return redis.call('DEL', KEYS[1])
