-- One operation of the token store, in one atomic step.
-- KEYS: the entry ("<milliseconds since 1970>:<bytes>") and the lease (its owner).
-- ARGV: the operation and its arguments.

-- Before Redis 7, a script that has read the clock or INFO may write only after this call.
if redis.replicate_commands then redis.replicate_commands() end

local function info(section, field)
  return string.match(redis.call('INFO', section), '\n' .. field .. ':(%w+)')
end

-- A replica, such as a demoted master, would return old contents.
if info('replication', 'role') == 'slave' then
  return redis.error_reply('READONLY this server is a replica')
end
local run_id = info('server', 'run_id')
if not run_id then return redis.error_reply('NORUNID') end
-- The run id changes with a restart. The replication id also changes when a replica becomes the master, even if this
-- server was the master before.
local origin = run_id .. '-' .. (info('replication', 'master_replid') or '')

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Returns the entry (false if there is none) and its age in milliseconds (-1 if it is unknown).
local function read()
  local value = redis.call('GET', KEYS[1])
  if not value then return false, -1 end
  local written, entry = string.match(value, '^(%d+):(.*)$')
  if not written then return value, -1 end
  return entry, math.max(now - tonumber(written), 0)
end

local function contents()
  local entry, age = read()
  return {origin, entry, age}
end

local operations = {}

function operations.load()
  return contents()
end

function operations.acquire(owner, length)
  local holder = redis.call('GET', KEYS[2])
  if holder and holder ~= owner then
    local left = redis.call('PTTL', KEYS[2])
    -- A lease without a TTL would never end, so it does not count.
    if left >= 0 then return {0, left} end
  end
  redis.call('SET', KEYS[2], owner, 'PX', length)
  return {1, contents()}
end

function operations.swap(seen_origin, has_entry, seen, entry, life, repeated)
  if origin ~= seen_origin then return 0 end
  local held = read()
  -- An earlier request may have succeeded although its response was lost.
  if repeated == '1' and held == entry then return 1 end
  if held ~= (has_entry == '1' and seen) then return 0 end
  redis.call('SET', KEYS[1], string.format('%.0f:', now) .. entry, 'PX', life)
  return 1
end

function operations.release(owner)
  if redis.call('GET', KEYS[2]) == owner then redis.call('DEL', KEYS[2]) end
  return 1
end

return operations[ARGV[1]](unpack(ARGV, 2))
