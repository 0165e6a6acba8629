-- Writes values of one kind: they live equally long, all or none of them are guarded, and each has as many rankings.
-- KEYS: for each write its key, then its rankings, the widest first. ARGV: the time to live in ms, twice the number of rankings
-- and 1 more when guarded; for each write the value and, with rankings, its score.
-- Returns the versions that refused writes, each behind the number of its write; nothing when none did.
local call, keys, args = redis.call, KEYS, ARGV
local ttl, kind = tonumber(args[1]), tonumber(args[2])
local guarded = kind % 2
local sets = (kind - guarded) / 2

local refusing
if guarded == 1 then
  -- The version held under a key that is above the one in `new`. Byte by byte: Lua's own comparison goes by locale.
  refusing = function(key, new)
    local held = call('GETRANGE', key, 0, 27)
    if #held < 28 or string.byte(held) ~= 0xac then return end
    for i = 5, 28 do
      local a, b = string.byte(held, i), string.byte(new, i)
      if a ~= b then return a > b and string.sub(held, 5) end
    end
  end
end

local refused
local a, width = 3, sets > 0 and 2 or 1
for k = 1, #keys, sets + 1 do
  local key = keys[k]
  local held = refusing and refusing(key, args[a])
  if held then
    refused = refused or {}
    refused[#refused + 1] = (k - 1) / (sets + 1)
    refused[#refused + 1] = held
  elseif sets == 0 then
    call('PSETEX', key, args[1], args[a])
  else
    -- Places first: a place whose value is missing is passed over, a value without its place would be lost.
    local added = false
    for s = k + 1, k + sets do
      added = call('ZADD', keys[s], args[a + 1], key) == 1 or added
    end
    -- A ranking nobody writes to leaves by itself. It is renewed at half its time, not with every write, and the wider ones
    -- with the narrowest and to the same time: they never leave before it, so that asking it is asking all of them.
    if added or call('PTTL', keys[k + sets]) < ttl then
      for s = k + 1, k + sets do
        if call('PTTL', keys[s]) < 2 * ttl then call('PEXPIRE', keys[s], 2 * ttl) end
      end
    end
    call('PSETEX', key, args[1], args[a])
    if added then
      -- Where one comes, some of those whose value has expired go, so that nothing piles up unread: three looked at for each
      -- that comes leave half as many dead as live ones.
      for s = k + 1, k + sets do
        local some = call('ZRANDMEMBER', keys[s], 3)
        local alive = redis.pcall('EXISTS', unpack(some))
        for m = 1, alive ~= #some and #some or 0 do
          if redis.pcall('EXISTS', some[m]) == 0 then call('ZREM', keys[s], some[m]) end
        end
      end
    end
  end
  a = a + width
end
return refused
