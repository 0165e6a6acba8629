-- Writes values, each together with its places in rankings.
-- KEYS: for each write its key, then for each place the ranking and the ranking's expiry index.
-- ARGV: the number of writes; for each write the value, its time to live in ms, whether it is guarded, the number of
-- places, and for each place member and score.
-- Returns for each write 1, or the version that refused it.

-- Whether the version in `held` is above the one in `new`. Byte by byte: Lua's own comparison goes by locale.
local function is_newer(held, new)
  for i = 5, 28 do
    local a, b = string.byte(held, i), string.byte(new, i)
    if a ~= b then return a > b end
  end
  return false
end

local function refusing(key, new)
  local held = redis.call('GETRANGE', key, 0, 27)
  if #held == 28 and string.byte(held, 1) == 0xac and is_newer(held, new) then
    return string.sub(held, 5)
  end
end

local now
local swept = {}

local function rank(set, expiry, member, score, ttl)
  local added = redis.call('ZADD', expiry, now + ttl, member)
  redis.call('ZADD', set, score, member)
  if added == 1 and not swept[set] then
    swept[set] = true
    -- A little of what has expired goes where members come, so that nothing piles up unread.
    local gone = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 32)
    if #gone > 0 then
      redis.call('ZREM', set, unpack(gone))
      redis.call('ZREM', expiry, unpack(gone))
    end
  end
  -- A ranking nobody writes to leaves by itself; renewed at half its time, not with every write.
  if redis.call('PTTL', set) < ttl then
    redis.call('PEXPIRE', set, 2 * ttl)
    redis.call('PEXPIRE', expiry, 2 * ttl)
  end
end

local out = {}
local k, a = 1, 2
for w = 1, tonumber(ARGV[1]) do
  local key, value, ttl, places = KEYS[k], ARGV[a], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 3])
  local refused = ARGV[a + 2] == '1' and refusing(key, value)
  k, a = k + 1, a + 4
  if refused then
    out[w] = refused
  else
    if places > 0 and not now then
      local time = redis.call('TIME')
      now = time[1] * 1000 + math.floor(time[2] / 1000)
    end
    -- Places first: a place whose value is missing is passed over, a value without its place would be lost.
    for p = 0, places - 1 do
      rank(KEYS[k + 2 * p], KEYS[k + 2 * p + 1], ARGV[a + 2 * p], ARGV[a + 2 * p + 1], ttl)
    end
    redis.call('SET', key, value, 'PX', ttl)
    out[w] = 1
  end
  k, a = k + 2 * places, a + 2 * places
end
return out
