-- Claims timers that are due into the in-flight set, under a lease.
-- KEYS[1] due set   KEYS[2] in-flight set (same hash tag)
-- ARGV[1] business time now (ms)  ARGV[2] machine time now (ms)  ARGV[3] lease (ms)  ARGV[4] how many at most
-- ARGV[5] the epoch member: absent means that the set was lost and must be rebuilt from Postgres
-- Returns {0} when the set was lost, else {1, score of the next one not due or '', member, member, …}.
if not redis.call('ZSCORE', KEYS[1], ARGV[5]) then
  return {0}
end
local expired = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[4])
for _, member in ipairs(expired) do
  redis.call('ZREM', KEYS[2], member)
  redis.call('ZADD', KEYS[1], 'NX', ARGV[1], member)
end
local claimed = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[4])
for _, member in ipairs(claimed) do
  redis.call('ZREM', KEYS[1], member)
  redis.call('ZADD', KEYS[2], ARGV[2] + ARGV[3], member)
end
local answer = {1, ''}
local following = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '(+inf', 'WITHSCORES', 'LIMIT', 0, 1)
if following[2] then
  answer[2] = following[2]
end
for _, member in ipairs(claimed) do
  answer[#answer + 1] = member
end
return answer
