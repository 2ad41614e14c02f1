#!/bin/lua
-- SPDX-License-Identifier: MIT
local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local s = 0; for i in gen(20000) do s = s + i end; print(s)
local co = {}; for i = 1, 500 do co[i] = coroutine.create(function(a) local b = coroutine.yield(a * 2); return a + b end) end
s = 0; for i = 1, 500 do local _, v = coroutine.resume(co[i], i); s = s + v end; for i = 1, 500 do local _, v = coroutine.resume(co[i], 1); s = s + v end; print(s, coroutine.status(co[1]))
print(coroutine.resume(co[1]))
print(pcall(error, {code = 1}))
print(select(2, pcall(error, "msg", 0)))
print(math.maxinteger, math.mininteger, 7 // 2, -7 // 2, 7 % -3, 2^53, 1e15, 0.1 + 0.2, 10 / 2, 3 | 4, 1 << 62)
print(string.format("%5.2f %g %x %q %s", math.pi, 1e20, 255, "a\nb", nil), ("abc"):rep(3, "-"), ("hello"):gsub("l", "L"))
print(math.sqrt(2), math.sin(1), math.exp(1), math.log(10), math.huge, -math.huge, 0 / 0 ~= 0 / 0, math.fmod(7, 3))
local t = {}; for i = 1, 50000 do t[i] = (i * 7919) % 50021 end; table.sort(t); print(t[1], t[25000], t[50000], #t)
for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do print(k, v) end
local sieve, c = {}, 0; for i = 2, 20000 do if not sieve[i] then c = c + 1; for j = i * i, 20000, i do sieve[j] = true end end end; print(c)
local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end; print(fib(20))
print(pcall(function() local function r() return r() + 1 end; r() end)); print((pcall(string.rep, "x", -1)))
for i = 1, 30 do local x = {}; for j = 1, 2000 do x[j] = {j} end end; collectgarbage(); print(collectgarbage("count") < 20000)
print(load("return 1 +")); print(load("return 6 * 7")()); print(string.pack("<i4z", 1, "x"):byte(1, -1)); print(utf8.char(228, 8364), utf8.len("äö"))
local w = setmetatable({}, {__mode = "k", __index = function(_, k) return k .. "!" end, __call = function(_, a) return a end}); print(w.x, w(5))
goto done; print("never") ::done:: print(table.concat({1, 2, 3}, ","), table.unpack({1, 2, 3})); error("the end")
