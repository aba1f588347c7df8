# -*- test-case-name: tests.integration.test_redis_contract -*-
"""
What has to happen in Redis in one step: names and their owners, in Lua; see
L{balws.hub.redis.scripts}.
"""

from __future__ import annotations

from balws.hub.redis.scripts import COMMON

__all__ = ["CLAIM", "RELEASE", "RESTORE_NAMES", "SEND"]

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
