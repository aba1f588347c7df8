# -*- test-case-name: tests.integration.test_redis_contract -*-
"""
What has to happen in Redis in one step: nodes, names, groups and presence, in Lua.

Arguments begin with the base of all keys and this node's id in hexadecimal (see
L{balws.hub.redis.keys}); a C{head} is an envelope up to where its number comes, or with it.
Nothing here needs a Redis Cluster's declaration of keys, which balws does not support.
"""

from __future__ import annotations

__all__ = [
    "APPEAR",
    "BEAT",
    "BROADCAST",
    "CLAIM",
    "COMMON",
    "DISAPPEAR",
    "DISSOLVE",
    "ENTER",
    "EXIT",
    "PRESENCE",
    "PUBLISH",
    "REAP",
    "RELEASE",
    "RESTORE_GROUPS",
    "RESTORE_NAMES",
    "SEND",
]

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
    local all = call('HGETALL', base .. ':presence:' .. group)
    for index = 1, #all, 2 do
        if all[index + 1]:sub(1, 32) == id then
            call('HDEL', base .. ':presence:' .. group, all[index])
            local body = all[index + 1]:match('^%x+ %d+ (.*)$')
            call('PUBLISH', base .. ':in:' .. group, ARGV[4] .. body)
            table.insert(result, group)
            table.insert(result, body)
        end
    end
end
if call('EXISTS', base .. ':names:' .. id, base .. ':groups:' .. id, base .. ':presences:' .. id) == 0 then
    call('SREM', base .. ':nodes', id)
    call('DEL', base .. ':node:' .. id, base .. ':inbox:' .. id)
    result[1] = 1
end
return result
"""

#: Fences grow even where Redis has lost its data: the first comes from its clock.
_FENCES = COMMON + """
local function atLeast(fence)
    local last = call('GET', base .. ':fence')
    if not last then
        local now = call('TIME')
        last = now[1] * 1000000 + now[2]
        call('SET', base .. ':fence', whole(last))
    end
    if fence > tonumber(last) then call('SET', base .. ':fence', whole(fence)) end
end
local function own(name, fence)
    call('SET', base .. ':name:' .. name, me .. whole(fence))
    call('SADD', base .. ':names:' .. me, name)
end
local function claim(name, head)
    atLeast(0)
    local fence = call('INCR', base .. ':fence')
    local found = call('GET', base .. ':name:' .. name)
    own(name, fence)
    local owner = found and found:sub(1, 32) or me
    if owner ~= me then
        call('SREM', base .. ':names:' .. owner, name)
        call('PUBLISH', base .. ':to:' .. owner, head .. struct.pack('>I8', fence) .. name)
    end
    return fence
end
"""

#: Arguments: name, head for the former owner.  Result: the fence.
CLAIM = _FENCES + """
return claim(ARGV[3], ARGV[4])
"""

#: Arguments: head for former owners, then names and fences in turn, 0 where there is none.
#: Result: for each 0 where it is kept, the new fence, or less than 0: the fence of another's.
RESTORE_NAMES = _FENCES + """
local result = {}
for index = 4, #ARGV, 2 do
    local name, fence, outcome = ARGV[index], tonumber(ARGV[index + 1]), 0
    local found = call('GET', base .. ':name:' .. name)
    local owner = found and found:sub(1, 32)
    if fence == 0 then
        outcome = claim(name, ARGV[3])
    elseif owner and owner ~= me and alive(owner) then
        outcome = -tonumber(found:sub(33))
    elseif owner ~= me then
        atLeast(fence)
        own(name, fence)
    end
    table.insert(result, outcome)
end
return result
"""

#: Arguments: names and fences in turn; 0: any of this node.
RELEASE = COMMON + """
for index = 3, #ARGV, 2 do
    local name = ARGV[index]
    local found = call('GET', base .. ':name:' .. name)
    if found and (found == me .. ARGV[index + 1] or ARGV[index + 1] == '0' and found:sub(1, 32) == me) then
        call('DEL', base .. ':name:' .. name)
        call('SREM', base .. ':names:' .. me, name)
    end
end
return 0
"""

#: Arguments: name, head of a node's own channel, what comes behind the fence, 1 to end the claim.
#: Result: 0 when it was sent, the fence where this node is the owner, -1 where nobody is, -2
#: where the owner does not listen.
SEND = COMMON + """
local key = base .. ':name:' .. ARGV[3]
local found = call('GET', key)
if not found then return -1 end
local owner, fence = found:sub(1, 32), tonumber(found:sub(33))
local outcome = fence
if not alive(owner) then
    outcome = -1
elseif owner ~= me then
    local number = call('INCR', base .. ':inbox:' .. owner)
    local head = ARGV[4] .. struct.pack('>I8', number)
    outcome = 0
    if call('PUBLISH', base .. ':to:' .. owner, head .. struct.pack('>I8', fence) .. ARGV[5]) == 0 then return -2 end
end
if outcome == -1 or ARGV[6] == '1' then
    call('DEL', key)
    call('SREM', base .. ':names:' .. owner, ARGV[3])
end
return outcome
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
call('DEL', base .. ':presence:' .. group)
if count + mine == 0 then
    call('PUBLISH', channel, ARGV[5])
    return -1
end
for _, id in ipairs(call('SMEMBERS', base .. ':group:' .. group)) do
    call('SREM', base .. ':groups:' .. id, group)
end
call('DEL', base .. ':group:' .. group)
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

#: Arguments: group, the connection's id, head and number of a leaving, those of nothing.
#: Result: the body of what was there, or nothing.
DISAPPEAR = COMMON + """
local key = base .. ':presence:' .. ARGV[3]
local found = call('HGET', key, ARGV[4])
if not found or found:sub(1, 32) ~= me then
    call('PUBLISH', base .. ':in:' .. ARGV[3], ARGV[6])
    return ''
end
local body = found:match('^%x+ %d+ (.*)$')
call('HDEL', key, ARGV[4])
call('PUBLISH', base .. ':in:' .. ARGV[3], ARGV[5] .. body)
return body
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
