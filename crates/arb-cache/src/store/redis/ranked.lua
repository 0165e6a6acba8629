-- The keys of a ranking whose value has not expired, highest score first; those whose value has are taken out.
-- KEYS: the ranking, and the expiry index of one whose keys lie in other slots. ARGV: how many to skip, how many to answer.
-- Returns key, score, key, score ...
local set, expiry = KEYS[1], KEYS[2]
local first, last = tonumber(ARGV[1]), ARGV[1] + ARGV[2] - 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
while true do
  local gone = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 1000)
  if #gone == 0 then break end
  redis.call('ZREM', set, unpack(gone))
  redis.call('ZREM', expiry, unpack(gone))
end
local at = 0
while at <= last do
  local page = redis.call('ZREVRANGE', set, at, math.min(at + 999, last))
  if #page == 0 then break end
  -- Of keys in other slots the server says nothing, and they stay.
  local alive = redis.pcall('EXISTS', unpack(page))
  if type(alive) == 'number' and alive < #page then
    for m = 1, #page do
      if redis.call('EXISTS', page[m]) == 0 then redis.call('ZREM', set, page[m]) end
    end
  else
    at = at + #page
  end
end
return redis.call('ZREVRANGE', set, first, last, 'WITHSCORES')
