"""Scripts, which Redis runs at one moment. KEYS are those of one document (keys.py). Records and
versions pass through as they are; versions are texts, for numbers of Lua have 53 bits."""

from __future__ import annotations

# Beside KEYS: head, log, rows, snapshots, aside.
_NAMES = """
local head, log, rows, snapshots, aside = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
"""

# ARGV: whether a head is expected, that head, the new head, whether to forget what was set aside;
# then how many there are of each, and these:
#   entries (id, record) · other records (field, record) · snapshots (version, record) ·
#   the log cut up to ids · entries dropped by id · fields dropped · snapshots dropped ·
#   all of the log dropped (0 or 1) · all fields of a kind dropped (prefix) · all snapshots (0 or 1) ·
#   what is set aside (one text each)
# Nothing is written before all that could refuse has been asked.
CHANGE = (
    _NAMES
    + """
local there = redis.call('GET', head)
if ARGV[1] == '1' then
    if there ~= ARGV[2] then return {'head', there} end
elseif there then
    return {'head', there}
end
local at = 5
local function take(width)
    local count, list = tonumber(ARGV[at]), {}
    at = at + 1
    for number = 1, count * width do list[number] = ARGV[at]; at = at + 1 end
    return list
end
local entries, others, bases = take(2), take(2), take(2)
local cuts, ids, fields, gone = take(1), take(1), take(1), take(1)
local all_log, prefixes, all_snapshots, asides = take(1)[1], take(1), take(1)[1], take(1)
for n = 1, #others, 2 do
    if redis.call('HEXISTS', rows, others[n]) == 1 then return {'occupied'} end
end
for n = 1, #bases, 2 do
    if redis.call('EXISTS', snapshots .. ':' .. bases[n]) == 1 then return {'occupied'} end
end
-- Without memory this is what fails, and not something in between.
if there then redis.call('APPEND', head, '') end
for n = 1, #entries, 2 do
    local done = redis.pcall('XADD', log, entries[n], 'r', entries[n + 1])
    if type(done) == 'table' and done.err then
        if n == 1 and string.find(done.err, 'equal or smaller') then return {'occupied'} end
        return done
    end
end
if all_log == '1' then redis.call('DEL', log) end
for n = 1, #cuts do redis.call('XTRIM', log, 'MINID', cuts[n]) end
for n = 1, #ids do redis.call('XDEL', log, ids[n]) end
for n = 1, #fields do redis.call('HDEL', rows, fields[n]) end
if #prefixes > 0 then
    for _, field in ipairs(redis.call('HKEYS', rows)) do
        for n = 1, #prefixes do
            if string.sub(field, 1, #prefixes[n]) == prefixes[n] then
                redis.call('HDEL', rows, field)
            end
        end
    end
end
if all_snapshots == '1' then gone = redis.call('SMEMBERS', snapshots) end
for n = 1, #gone do
    redis.call('DEL', snapshots .. ':' .. gone[n])
    redis.call('SREM', snapshots, gone[n])
end
if ARGV[4] == '1' then redis.call('DEL', aside) end
for n = 1, #others, 2 do redis.call('HSET', rows, others[n], others[n + 1]) end
for n = 1, #bases, 2 do
    redis.call('SET', snapshots .. ':' .. bases[n], bases[n + 1])
    redis.call('SADD', snapshots, bases[n])
end
for n = 1, #asides do redis.call('RPUSH', aside, asides[n]) end
redis.call('SET', head, ARGV[3])
return {'head', ARGV[3]}
"""
)

# A write that changes nothing, for who wants to know how far replicas are.
NOTHING = "redis.call('APPEND', KEYS[1], '')"

# Whether version a comes before version b: 'epoch-seq', compared as numbers of any length.
_BEFORE = """
local function before(a, b)
    local ae, as = string.match(a, '(%d+)-(%d+)')
    local be, bs = string.match(b, '(%d+)-(%d+)')
    if ae ~= be then return #ae < #be or (#ae == #be and ae < be) end
    return #as < #bs or (#as == #bs and as < bs)
end
"""

# ARGV: the version since when, or nothing; how long a snapshot may be to come along, or nothing.
# Returns head, version of the snapshot, its record (or nothing), its length, the entries.
RECENT = (
    _NAMES
    + _BEFORE
    + """
local since, newest, record, size = ARGV[1], '', '', 0
for _, version in ipairs(redis.call('SMEMBERS', snapshots)) do
    if newest == '' or before(newest, version) then newest = version end
end
local start = since
if newest ~= '' and (since == '' or before(since, newest)) then
    start = newest
    local key = snapshots .. ':' .. newest
    size = redis.call('STRLEN', key)
    if ARGV[2] == '' or size <= tonumber(ARGV[2]) then record = redis.call('GET', key) end
else
    newest = ''
end
local first = '-'
if start ~= '' then first = '(' .. start end
return {redis.call('GET', head), newest, record, size, redis.call('XRANGE', log, first, '+')}
"""
)

# Returns head, the log, the fields of the rows, versions and records of snapshots.
EVERYTHING = (
    _NAMES
    + """
local found = {}
for _, version in ipairs(redis.call('SMEMBERS', snapshots)) do
    found[#found + 1] = version
    found[#found + 1] = redis.call('GET', snapshots .. ':' .. version) or ''
end
return {redis.call('GET', head), redis.call('XRANGE', log, '-', '+'), redis.call('HGETALL', rows), found}
"""
)
