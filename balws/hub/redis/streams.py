# -*- test-case-name: tests.integration.test_redis_absence -*-
"""
What has to happen in Redis in one step: durable groups, in Lua; see L{balws.hub.redis.scripts}.

A message's id in the stream is C{n-time}: its place in the group, dense from 1, and when it
came by Redis' clock in milliseconds.  Redis 6.2 or later is needed.
"""

from __future__ import annotations

from secrets import token_hex

from balws.hub.redis.envelope import EPOCH
from balws.hub.redis.scripts import COMMON

__all__ = ["DISSOLVE_STORED", "FETCH", "HEAD", "MEMORY", "PUSH", "newEpoch"]

#: Milliseconds that Redis knows how many messages a group had after it has forgotten them.
MEMORY = 24 * 3600 * 1000


def newEpoch() -> str:
    """
    @return: a name for a new life of a group.
    """
    return token_hex(EPOCH // 2)


_STORE = COMMON + """
local function now()
    local time = call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function trim(key, age, most)
    -- What is too old; the oldest are at the front.
    local oldest = now() - age
    local last = nil
    for _, entry in ipairs(call('XRANGE', key, '-', '+', 'COUNT', most)) do
        local n, time = entry[1]:match('^(%d+)-(%d+)$')
        if tonumber(time) >= oldest then break end
        last = tonumber(n)
    end
    if last then call('XTRIM', key, 'MINID', whole(last + 1)) end
end
"""

#: Store a message and tell it.  Arguments: group, number of the push, that of the push before to the
#: group while it is not known to be stored or 0, head, payload, size, age and memory in milliseconds, a new epoch, the
#: epoch that is known, the number of the first push of this node that is not known to be stored.
#: Result: 0 where there is no such group, -1 where the push before is not there, n where the
#: epoch is the known one, else n and the epoch.
PUSH = _STORE + """
local group, push, age = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[9])
local meta, key, mark = base .. ':meta:' .. group, base .. ':history:' .. group, base .. ':sent:' .. me .. ':' .. group
local last = tonumber(call('ZRANGE', mark, -1, -1, 'WITHSCORES')[2] or 0)
if last >= push then
    local sent = call('ZRANGEBYSCORE', mark, push, push)[1]
    if sent then
        -- It came before, and only our answer was lost.
        local sentEpoch, n = sent:match('^(%x+) (%d+)$')
        return {tonumber(n), sentEpoch}
    end
end
local epoch = call('HGET', meta, 'epoch')
if not epoch or call('EXISTS', key) == 0 then
    local count, mine = others(group)
    if count + mine == 0 then return 0 end
end
local before = tonumber(ARGV[5])
if before > 0 and last ~= before and #call('ZRANGEBYSCORE', mark, before, before) == 0 then return -1 end
if not epoch then
    epoch = ARGV[11]
    call('HSET', meta, 'epoch', epoch)
end
local n, time = call('HINCRBY', meta, 'n', 1), now()
call('XADD', key, 'MAXLEN', '=', ARGV[8], whole(n) .. '-' .. whole(time),
    'k', ARGV[6]:sub(2, 2), 'd', ARGV[7])
if n % 16 == 0 then trim(key, age, 32) end
call('PEXPIRE', key, age)
call('PEXPIRE', meta, ARGV[10])
call('ZADD', mark, push, epoch .. ' ' .. whole(n))
call('ZREMRANGEBYSCORE', mark, '-inf', '(' .. ARGV[13])
call('PEXPIRE', mark, 3600000)
local head = ARGV[6] .. struct.pack('>I8', n) .. epoch .. struct.pack('>I8', time)
call('PUBLISH', base .. ':in:' .. group, head .. ARGV[7])
if epoch == ARGV[12] then return n end
return {n, epoch}
"""

#: Where a group is.  Arguments: group, memory in milliseconds, a new epoch.
#: Result: n and the epoch.
HEAD = _STORE + """
local meta = base .. ':meta:' .. ARGV[3]
local epoch, n = unpack(call('HMGET', meta, 'epoch', 'n'))
if not epoch then
    epoch, n = ARGV[5], 0
    call('HSET', meta, 'epoch', epoch, 'n', n)
    call('PEXPIRE', meta, ARGV[4])
end
return {tonumber(n), epoch}
"""

#: What came after.  Arguments: group, age in milliseconds, n, how many at the most, how many bytes;
#: the epoch and the time of n as they are known or an empty text and 0, a new epoch.
#: Result: n of the newest and the epoch, or nothing where there is no such group; then n, time, kind
#: and payload of each in turn.
#: Where Redis has lost a part of what it had, n means something else by now: a new life begins.
FETCH = _STORE + """
local group, left = ARGV[3], tonumber(ARGV[7])
local epoch, n = unpack(call('HMGET', base .. ':meta:' .. group, 'epoch', 'n'))
if not epoch then return {} end
local key = base .. ':history:' .. group
if epoch == ARGV[8] then
    local found = call('XRANGE', key, ARGV[5], ARGV[5])[1]
    local time = tonumber(ARGV[9])
    if tonumber(n) < tonumber(ARGV[5]) or found and time > 0 and found[1] ~= ARGV[5] .. '-' .. whole(time) then
        epoch, n = ARGV[10], 0
        call('DEL', key)
        call('HSET', base .. ':meta:' .. group, 'epoch', epoch, 'n', 0)
    end
end
local result = {tonumber(n), epoch}
trim(key, tonumber(ARGV[4]), 64)
local from, many = tonumber(ARGV[5]) + 1, tonumber(ARGV[6])
while many > 0 and left > 0 do
    local page = call('XRANGE', key, whole(from), '+', 'COUNT', math.min(many, 16))
    if #page == 0 then break end
    for _, entry in ipairs(page) do
        local number, time = entry[1]:match('^(%d+)-(%d+)$')
        number = tonumber(number)
        table.insert(result, number)
        table.insert(result, tonumber(time))
        table.insert(result, entry[2][2])
        table.insert(result, entry[2][4])
        from, left = number + 1, left - #entry[2][4]
        if left <= 0 then break end
    end
    many = many - #page
end
return result
"""

#: Remove a group.  Arguments: group, head.  Result: 0, or -1 where there is none.
DISSOLVE_STORED = _STORE + """
local group = ARGV[3]
local count, mine = others(group)
local meta, key = base .. ':meta:' .. group, base .. ':history:' .. group
forget(group)
if count + mine == 0 and call('EXISTS', key) == 0 then return -1 end
local epoch, n = unpack(call('HMGET', meta, 'epoch', 'n'))
call('DEL', meta, key)
call('PUBLISH', base .. ':in:' .. group, ARGV[4] .. struct.pack('>I8', n or 0) .. (epoch or ''))
return 0
"""
