#!/bin/lua
-- SPDX-License-Identifier: MIT
-- Some MiB of tables and strings, sorted, changed, collected and summed up.
local function digest(s) local d = 0; for i = 1, #s, 97 do d = (d * 31 + s:byte(i)) % 4294967291 end; return d end
local seed = 1
local function random() seed = (seed * 1103515245 + 12345) % 2147483648; return seed end
local t = {}
for i = 1, 15000 do t[i] = {key = random(), text = "row " .. i .. ("x"):rep(random() % 40)} end
table.sort(t, function(a, b) return a.key < b.key end)
local parts = {}
for i = 1, #t do parts[i] = t[i].text end
local all = table.concat(parts, "\n")
print(#t, #all, digest(all))
local index, n = {}, 0
for line in all:gmatch("[^\n]+") do index[line] = true; n = n + 1 end
print(n, index[parts[77]], index.none)
for i = 1, #t, 2 do t[i] = nil end
parts, all, index = nil, nil, nil
collectgarbage()
local left = 0
for _, v in pairs(t) do left = left + #v.text end
print(left, collectgarbage("count") < 20000)
local co = {}
for i = 1, 1000 do co[i] = coroutine.wrap(function(a) while true do a = a + coroutine.yield(a) end end); co[i](i) end
local sum = 0
for round = 1, 20 do for i = 1, 1000 do sum = sum + co[i](round) end end
print(sum)
local f = assert(io.open("file", "w+"))
for i = 1, 20000 do f:write(i, "\n") end
f:seek("set")
sum = 0
for line in f:lines() do sum = sum + tonumber(line) end
print(sum, f:close())
