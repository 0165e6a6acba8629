-- Takes members out of a ranking whose value is gone.
-- KEYS: the ranking, its expiry index, then the key of each member. ARGV: the members.
for m = 1, #ARGV do
  if redis.call('EXISTS', KEYS[m + 2]) == 0 then
    redis.call('ZREM', KEYS[1], ARGV[m])
    redis.call('ZREM', KEYS[2], ARGV[m])
  end
end
return 1
