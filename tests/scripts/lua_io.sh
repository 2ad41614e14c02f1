#!/bin/lua
-- SPDX-License-Identifier: MIT
local f = assert(io.open("f", "w"))
for i = 1, 1000 do f:write(i, "\n") end
f:close()
local n, s = 0, 0
for l in io.lines("f") do n = n + 1; s = s + tonumber(l) end
print(n, s)
f = io.open("f", "r+")
print(f:seek("end"), f:seek("set", 10), f:read("l"), f:read(3), f:seek("cur"))
f:seek("set", 0); f:write("X"); f:flush(); f:seek("set", 0); print(f:read(5)); f:close()
print(io.open("none")); print(io.open("/")); print(io.open("/proc/version", "w")); print(pcall(f.read, f))
print(io.type(f), io.type(io.stdout), io.type(1))
f = io.open("f", "a"); f:write("end"); f:close()
f = io.open("f", "rb"); local a = f:read("a"); print(#a, a:sub(-3)); print(f:read("a"), f:read("l"), f:read(0)); f:close()
print(os.rename("f", "g"), os.remove("g")); print(os.remove("g")); print(os.rename("none", "x"))
local p = io.popen("echo from; echo popen; exit 3"); print(p:read("a")); print(p:close())
p = io.popen("cat > out", "w"); p:write("piped"); print(p:close()); print(io.open("out"):read("a"))
print(os.execute("exit 5")); print(os.execute("kill -9 $$")); print(os.execute()); print(os.getenv("HOME"), os.getenv("NONE"))
local t = os.tmpname(); print(io.open(t) ~= nil); os.remove(t)
print(os.time({year = 2020, month = 1, day = 1, hour = 0}), os.date("!%Y-%m-%d %H:%M:%S", 86399))
f = io.tmpfile(); f:write(string.rep("0123456789", 5000)); print(f:seek("end")); f:seek("set", 25000); print(f:read(5)); f:close()
f = io.open("/dev/full", "w"); f:setvbuf("no"); print(f:write("x")); f:close()
f = io.open("b", "w"); f:setvbuf("full", 100000); for i = 1, 3000 do f:write("line ", i, "\n") end; f:close(); print(#io.open("b"):read("a"))
io.output("c"); io.write("default"); io.close(); io.input("c"); print(io.read()); io.stderr:write("err\n"); os.exit(7)
