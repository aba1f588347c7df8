# -*- test-case-name: tests.integration.test_redis_contract -*-
"""
What has to happen in Redis in one step: nodes, groups and presence, in Lua.

Arguments begin with the base of all keys and this node's id in hexadecimal (see
L{balws.hub.redis.keys}); a C{head} is an envelope up to where its number comes, or with it.
Nothing here needs a Redis Cluster's declaration of keys, which balws does not support.
"""

from __future__ import annotations

__all__ = ["APPEAR", "BEAT", "BROADCAST", "COMMON", "DISAPPEAR", "DISSOLVE", "ENTER", "EXIT"]
__all__ += ["PRESENCE", "PUBLISH", "REAP", "RESTORE_GROUPS", "VACATE"]

#: Alive: its lease is there.  Whole: digits of a number that may be above 2**46.
COMMON = """
local base, me = ARGV[1], ARGV[2]
local call = redis.call
local function alive(id) return call('EXISTS', base .. ':node:' .. id) == 1 end
local function whole(number) return string.format('%.0f', number) end
local function others(group)
    -- How many other living nodes have members, and whether this one has.
    local count, mine = 0, 0
    for _, id in ipairs(call('SMEMBERS', base .. ':group:' .. group)) do
        if id == me then
            mine = 1
        elseif alive(id) then
            count = count + 1
        else
            call('SREM', base .. ':group:' .. group, id)
        end
    end
    return count, mine
end
local function forget(group)
    for _, id in ipairs(call('SMEMBERS', base .. ':group:' .. group)) do
        call('SREM', base .. ':groups:' .. id, group)
        call('SREM', base .. ':presences:' .. id, group)
    end
    call('DEL', base .. ':group:' .. group, base .. ':presence:' .. group)
end
local function vacate(id, group, head)
    local all, result = call('HGETALL', base .. ':presence:' .. group), {}
    for index = 1, #all, 2 do
        if all[index + 1]:sub(1, 32) == id then
            call('HDEL', base .. ':presence:' .. group, all[index])
            local body = all[index + 1]:match('^%x+ %d+ (.*)$')
            call('PUBLISH', base .. ':in:' .. group, head .. body)
            table.insert(result, group)
            table.insert(result, body)
        end
    end
    return result
end
"""

#: A sign of life.  Arguments: milliseconds of the lease, number of the beat, head.
#: Result: the beat before or nothing, the nodes that live, those that are dead.
BEAT = COMMON + """
local key = base .. ':node:' .. me
local before = call('GET', key)
call('SET', key, ARGV[4], 'PX', ARGV[3])
call('SADD', base .. ':nodes', me)
local inbox = call('GET', base .. ':inbox:' .. me) or 0
call('PUBLISH', base .. ':to:' .. me, ARGV[5] .. struct.pack('>I8', inbox))
local living, dead = {}, {}
for _, id in ipairs(call('SMEMBERS', base .. ':nodes')) do
    table.insert(alive(id) and living or dead, id)
end
return {before or '', living, dead}
"""

#: Tidy a dead node away, or oneself: a part of it.  Each entry is taken by one node only.
#: Arguments: its id, head of a leaving, how many entries at a time.
#: Result: whether nothing is left, then groups and what left them in turn.
REAP = COMMON + """
local id, chunk = ARGV[3], ARGV[5]
if id ~= me and alive(id) then return {1} end
for _, name in ipairs(call('SPOP', base .. ':names:' .. id, chunk)) do
    local found = call('GET', base .. ':name:' .. name)
    if found and found:sub(1, 32) == id then call('DEL', base .. ':name:' .. name) end
end
for _, group in ipairs(call('SPOP', base .. ':groups:' .. id, chunk)) do
    call('SREM', base .. ':group:' .. group, id)
end
local result = {0}
for _, group in ipairs(call('SPOP', base .. ':presences:' .. id, 8)) do
    for _, part in ipairs(vacate(id, group, ARGV[4])) do table.insert(result, part) end
end
if call('EXISTS', base .. ':names:' .. id, base .. ':groups:' .. id, base .. ':presences:' .. id) == 0 then
    call('SREM', base .. ':nodes', id)
    call('DEL', base .. ':node:' .. id, base .. ':inbox:' .. id)
    result[1] = 1
end
return result
"""

#: Arguments: group.
ENTER = COMMON + """
call('SADD', base .. ':group:' .. ARGV[3], me)
call('SADD', base .. ':groups:' .. me, ARGV[3])
return 1
"""

#: Arguments: groups.
EXIT = COMMON + """
for index = 3, #ARGV do
    call('SREM', base .. ':group:' .. ARGV[index], me)
    call('SREM', base .. ':groups:' .. me, ARGV[index])
end
return 0
"""

#: Arguments: groups and, in turn, 1 for those in which this node must be still.
#: Result: for each 1, or 0 where it was taken out of it meanwhile.
RESTORE_GROUPS = COMMON + """
local result = {}
for index = 3, #ARGV, 2 do
    local group, outcome = ARGV[index], 1
    if ARGV[index + 1] == '1' and call('SISMEMBER', base .. ':group:' .. group, me) == 0 then
        outcome = 0
    else
        call('SADD', base .. ':group:' .. group, me)
        call('SADD', base .. ':groups:' .. me, group)
    end
    table.insert(result, outcome)
end
return result
"""

#: Arguments: group, envelope, head and number of nothing, 1 where this node hears the channel.
#: Result: how many nodes it missed, -1 where nobody is in the group.
PUBLISH = COMMON + """
local count, mine = others(ARGV[3])
local channel = base .. ':in:' .. ARGV[3]
if count + mine == 0 then
    call('PUBLISH', channel, ARGV[5])
    return -1
end
return math.max(0, count + ARGV[6] - call('PUBLISH', channel, ARGV[4]))
"""

#: As L{PUBLISH}.
DISSOLVE = COMMON + """
local group = ARGV[3]
local count, mine = others(group)
local channel = base .. ':in:' .. group
forget(group)
if count + mine == 0 then
    call('PUBLISH', channel, ARGV[5])
    return -1
end
return math.max(0, count + ARGV[6] - call('PUBLISH', channel, ARGV[4]))
"""

#: Arguments: group, the connection's id, body, envelope, head and number of nothing or, where what
#: is there already shall be told again, an empty text.  Result: whether it was told.
APPEAR = COMMON + """
local key, channel = base .. ':presence:' .. ARGV[3], base .. ':in:' .. ARGV[3]
local found = call('HGET', key, ARGV[4])
local order, body
if found and found:sub(1, 32) == me then order, body = found:match('^%x+ (%d+) (.*)$') end
if ARGV[7] ~= '' and body == ARGV[5] then
    call('PUBLISH', channel, ARGV[7])
    return 0
end
call('HSET', key, ARGV[4], me .. ' ' .. (order or whole(call('INCR', base .. ':order'))) .. ' ' .. ARGV[5])
call('SADD', base .. ':presences:' .. me, ARGV[3])
call('PUBLISH', channel, ARGV[6])
return 1
"""

#: Arguments: group, the connection's id, head and number of a leaving, those of nothing,
#: 1 where nobody else of this node is there.
#: Result: the body of what was there, or nothing.
DISAPPEAR = COMMON + """
local key = base .. ':presence:' .. ARGV[3]
local found = call('HGET', key, ARGV[4])
if ARGV[7] == '1' then call('SREM', base .. ':presences:' .. me, ARGV[3]) end
if not found or found:sub(1, 32) ~= me then
    call('PUBLISH', base .. ':in:' .. ARGV[3], ARGV[6])
    return ''
end
local body = found:match('^%x+ %d+ (.*)$')
call('HDEL', key, ARGV[4])
call('PUBLISH', base .. ':in:' .. ARGV[3], ARGV[5] .. body)
return body
"""

#: Take this node's entries out of a group.  Arguments: group, head of a leaving.
#: Result: the group and what left it in turn.
VACATE = COMMON + """
call('SREM', base .. ':presences:' .. me, ARGV[3])
return vacate(me, ARGV[3], ARGV[4])
"""

#: Arguments: group.  Result: orders and bodies in turn, of nodes that live.
PRESENCE = COMMON + """
local known, result = {}, {}
for _, value in ipairs(call('HVALS', base .. ':presence:' .. ARGV[3])) do
    local id, order, body = value:match('^(%x+) (%d+) (.*)$')
    if known[id] == nil then known[id] = alive(id) end
    if known[id] then
        table.insert(result, order)
        table.insert(result, body)
    end
end
return result
"""

#: Arguments: channel, envelope.  Result: how many heard it.
BROADCAST = """
return redis.call('PUBLISH', ARGV[3], ARGV[4])
"""
