# SPDX-License-Identifier: MIT
"""Programs that Debian built, on the UART: build/busybox.cpio (tools/busybox.sh), whose /init is
busybox; its shell with job control, its commands, bash, and dynamically linked programs. And
ramdisks as they are made for Linux: compressed, with device nodes, mounting what they need.
"""

import gzip
import os
import re
import stat
import time

import quire_vm
import test_session
from quire_vm import Machine, TestCase, built

IMAGE = "busybox.cpio"
CTRL_C, CTRL_D, CTRL_Z = "\x03", "\x04", "\x1a"


class Ash(TestCase):
    """A conversation with one machine. say() types a line and returns what it printed; its status
    must be 0, or as given. check() asks for what is printed, and for the status only where one is given."""

    board = dict(cpus=2)

    def setUp(self):
        super().setUp()
        if not os.path.exists(built(IMAGE)):
            self.fail("%s is missing: tools/setup.sh test makes it, and needs the network for that"
                      % built(IMAGE))
        self.boot(**self.board)

    def boot(self, **board):
        self.vm = Machine(**{"initrd": IMAGE, "limit": 120, **board})
        self.addCleanup(self.vm.close)
        self.vm.expect(r"~ # ", 60)

    def say(self, line, status=0, seconds=20):
        self.vm.send("echo '[['; %s; echo ']]'$?\n" % line)
        match = self.vm.expect(r"^\[\[\n(?s:(.*?))\]\](\d+)\n", seconds)
        if status is not None and int(match.group(2)) != status:
            self.vm.fail("%s: status %s instead of %d" % (line, match.group(2), status))
        return match.group(1)

    def start(self, line):
        """Types a line, and waits until the shell has had time to start what it says."""
        self.vm.send(line + "\n")
        self.vm.expect(re.escape(line) + r"\n")
        time.sleep(0.5)

    def check(self, line, pattern, status=None, seconds=20):
        """The line prints what the pattern, of whole lines, describes."""
        output = self.say(line, status, seconds)
        if not re.search("^" + pattern + "$", output, re.MULTILINE):
            self.vm.fail("%s: no /%s/ in %r" % (line, pattern, output))

    def end(self):
        self.check("cat /proc/vmcheck", "vmcheck: ok, .*", seconds=60)
        self.vm.send("poweroff -f\n")
        self.assertEqual(self.vm.wait(30), 0)


class Readme(Ash):
    """The README's session with busybox is what really happens."""

    board = dict(cpus=1)

    def test_session(self):
        steps = test_session.session("Linux's programs", "~ # ")
        self.assertEqual(steps.pop(), ("poweroff", []))
        for command, lines in steps:
            self.vm.send(command + "\n")
            self.vm.expect(re.escape(command) + r"\n")
            output = self.vm.expect(r"(?s:(.*?))^~ # ", 30).group(1)
            output = re.sub(r"\x1b\[6n", "", output)
            if not re.match(test_session.pattern(lines), output):
                self.vm.fail("%s: the README says\n%s\nbut there came\n%s"
                             % (command, "\n".join(lines), output))
        self.end()


class Poweroff(Ash):
    """init's way down, without -f: everybody is ended, disks are written, and nobody complains."""

    def test_quiet(self):
        with open(self.path("disk"), "wb") as f:
            f.truncate(1 << 20)
        self.vm.close()
        self.boot(extra=quire_vm.disk_args(0, self.path("disk")))
        self.say("mount -t tmpfs t /mnt; exec 5> /mnt/f; printf written > /dev/vda")
        self.vm.send("poweroff\n")
        start = self.vm.expect(r"^~ # .*poweroff\n").end()
        self.assertEqual(self.vm.wait(30), 0)
        text = self.vm.text[start:]
        self.assertNotRegex(text, "umount|busy|remounted")
        self.assertIn("Requesting system poweroff", text)
        with open(self.path("disk"), "rb") as f:
            self.assertEqual(f.read(7), b"written")


class Commands(Ash):
    """What the shell and its commands print is what they print on Linux."""

    def test_commands(self):
        self.check("cd /tmp; seq 1 1000 > n; ls -l n", r"-rw-r--r-- +1 root +root +3893 .* n")
        self.check("cat n | grep 7 | sort -rn | head -n 2 | tr '\\n' ' '; echo", "997 987 ")
        self.check("awk '{s += $1} END {print s}' < n", "500500")
        self.check("sed -n 's/^9\\(9.\\)$/<\\1>/p' n | tail -n 1", "<99>")
        self.check("md5sum n", "53d025127ae99ab79e8502aae2d9bea6  n")
        self.check("dd if=/dev/zero of=z bs=4k count=100 && wc -c z", "409600 z")
        self.check("mkdir -p d/e; echo hello > d/e/f; grep -r hell d; find d -type f", "d/e/f:hello\nd/e/f")
        self.check("tar czf t.tgz d && rm -r d && tar xzf t.tgz && cat d/e/f", "hello")
        self.check("gzip -k n; gunzip -c n.gz | cmp - n && stat -c '%s %F' n", "3893 regular file")
        self.check("cp /bin/busybox busybox2; cmp busybox2 /bin/busybox && ./busybox2 echo runs", "runs")
        self.check("seq 1 8 | xargs -P 4 -n 1 sh -c 'sleep 0.0$0; echo $0' | sort | tr '\\n' ' '; echo",
                   "1 2 3 4 5 6 7 8 ")
        self.check("time sleep 0.1", r"real\s+0m 0\.1\ds")
        self.check("timeout 0.2 sleep 10", "Terminated|", status=143)
        self.check("mkfifo p; echo through > p & cat p", "through")
        self.check("mknod null c 1 3; echo x > null; ls -l null", r"crw-r--r-- .* 1, +3 .* null")
        self.check("ps -o pid,comm", " +1 init")
        self.check("top -b -n 1", r" +PID +PPID .*COMMAND")
        self.check("free", "Mem: +131072 +.*")
        self.check("df /tmp", r"tmpfs +\d+ +\d+ +\d+ +\d+% /tmp")
        self.check("dmesg", "cpus: 2")
        self.check("uname -sm", "Linux armv7l")
        self.end()

    def test_scripts(self):
        script = """cat > s <<'E'
f() { for i in 1 2 3; do echo -n $(($1 * i)),; done; }
f 5; n=0
while [ $n -lt 100 ]; do n=$((n + 1)); case $n in *5) continue; esac; done
echo $n; trap 'echo trapped' USR1; kill -USR1 $$; (exit 3); echo $?
read a b <<X
one two three
X
echo "$b|${a#o}" | tr a-z A-Z; set -- x y; shift; echo $# "$@" >&2
E
"""
        self.vm.send("cd /tmp\n" + script)
        self.check("sh s 2>&1", "5,10,15,100\ntrapped\n3\nTWO THREE|NE\n1 y")
        self.check("bash -c 'a=(1 2 3); [[ abc =~ b(.) ]] && echo ${#a[@]} ${BASH_REMATCH[1]}'", "3 c")
        self.check("bash s 2>&1 | tail -n 1", "1 y")
        self.check("chmod +x s; ./s", "1 y")  # without #!, which the shell knows
        self.check("dmesg | grep -c exec:", "0", status=1)
        self.end()

    def test_job_control(self):
        vm = self.vm
        self.start("sleep 1000")
        vm.send(CTRL_Z)
        vm.expect(r"\[1\]\+  Stopped +sleep 1000$")
        self.check("jobs", r"\[1\]\+  Stopped +sleep 1000")
        self.check("bg", r"\[1\] sleep 1000")
        self.check("jobs", r"\[1\]\+  Running +sleep 1000")
        self.start("fg")
        vm.send(CTRL_C)
        self.check("jobs; echo none", "none")
        self.check("sleep 1000 & sleep 0.2; kill %1; wait %1", "", status=143)
        self.start("cat")  # reads in the foreground, until the end of input
        vm.send("typed\n" + CTRL_D)
        vm.expect(r"^typed\ntyped\n")
        self.start("sh -c 'while :; do :; done'")
        vm.send(CTRL_C)
        vm.expect(r"~ # ")
        vm.send("echo status $?\n")
        vm.expect(r"^status 130$")
        self.end()

    def test_bash(self):
        self.vm.send("bash\n")
        self.vm.expect(r"bash-5\.2# ")
        self.start("sleep 1000")
        self.vm.send(CTRL_Z)
        self.vm.expect(r"\[1\]\+  Stopped +sleep 1000$")
        self.vm.send("kill %1; for i in a b; do echo $i$i; done; history | wc -l; exit\n")
        self.vm.expect(r"aa\nbb\n2\n")
        self.check("echo $0", "-/bin/sh")
        self.end()

    def test_screen(self):
        """vi and less, which draw the screen and take single keys."""
        vm = self.vm
        vm.send("cd /tmp; vi x\n")
        vm.expect(r"x \[New file\]|x 1/1|- x ", 20)
        vm.send("ifirst line\nsecond\x1b")
        time.sleep(0.5)
        vm.send(":wq\n")
        vm.expect(r"/tmp # ")
        self.check("cat x", "first line\nsecond")
        vm.send("seq 1 500 > n; less n\n")
        vm.expect(r"23")
        time.sleep(0.5)
        for key in "/^499\r":  # as a person types: less sets the terminal anew after each key
            vm.send(key)
            time.sleep(0.1)
        vm.expect(r"499")
        vm.send("q")
        vm.expect(r"/tmp # ")
        self.check("echo left", "left")
        vm.send("top\n")
        vm.expect(r"Load average", 20)
        vm.send("q")
        vm.expect(r"/tmp # ")
        self.check("echo left", "left")
        self.end()


class Dynamic(Ash):
    """Debian's dynamically linked programs, and interpreters that can't be."""

    def test_lua(self):
        self.check("lua -e 'local t = {} for i = 1, 10000 do t[i] = i * i end print(#t, t[100], math.pi)'",
                   r"10000\t10000\t3.1415926535898")
        self.check("lua5.4 -e 'print(_VERSION)' > /dev/stdout", "Lua 5.4")
        self.check("echo in | cat /dev/stdin; ls no 2>&1 >/dev/null | cat > /dev/stderr",
                   "in\nls: no: No such file or directory")
        self.check("lua -e 'print(io.popen(\"echo popen\"):read())'", "popen")
        self.check("/lib/ld-linux-armhf.so.3 /bin/lua -e 'print(4)'", "4")
        self.check("/lib/ld-linux-armhf.so.3 --list /bin/lua", r"\tlibc.so.6 => /lib/libc.so.6 \(0x3.*\)")
        self.check("/lib/ld-musl-armhf.so.1 2>&1", r"Version 1\.2\..*", status=1)
        self.end()

    def test_sqlite(self):
        self.check("cd /tmp; sqlite3 db \"pragma journal_mode=wal; create table t(i integer primary key, "
                   "s text); with recursive c(x) as (select 1 union all select x+1 from c where x<10000) "
                   "insert into t select x, 'row '||x from c; create index ix on t(s); "
                   "pragma mmap_size=1000000; select count(*), max(s) from t; pragma integrity_check;\"",
                   r"wal\n1000000\n10000\|row 9999\nok")
        self.check("sqlite3 db \"select i from t where s = 'row 5000'; delete from t where i > 100; vacuum; "
                   "pragma integrity_check; select count(*) from t\"", "5000\nok\n100")
        self.end()

    def test_shared_text(self):
        """The library's text is in memory once: five programs cost less than one library."""
        self.check("cd /tmp; for i in 1 2 3 4 5; do lua -e 'io.read()' < /dev/console & done; sleep 0.5; "
                   "grep -l libc.so /proc/[0-9]*/maps | wc -l", "5")
        self.say("kill %1 %2 %3 %4 %5; wait", status=0)
        self.end()

    def test_interpreters(self):
        """execve's errors, as Linux has them, for what PT_INTERP may name."""
        patch = "sed 's#/lib/ld-linux-armhf.so.3#%s#' /bin/lua > /tmp/l; chmod +x /tmp/l; /tmp/l -v"
        self.say("cd /tmp; echo hi > text; chmod +x text; head -c 40 /bin/lua > short; chmod +x short; "
                 "seq 1 99 > long; chmod +x long; head -c 60 /bin/lua > cut; chmod +x cut; > no; mkdir dir")
        self.check(patch % "/lib/ld-linux-armhf.so.3", r"Lua 5\.4.*")
        self.check(patch % "/lib/ld-linux-armhf.so.X", r".*/tmp/l: not found", status=127)
        self.check(patch % "/../../../../tmp/no/////", r".*/tmp/l: (Not a directory|not found)", status=127)
        self.check(patch % "/../../../../../tmp//dir", r".*/tmp/l: Permission denied", status=126)
        self.check(patch % "/../../../../../..//text", r".*/tmp/l: not found", status=127)
        self.check(patch % "/../../../../../tmp/text", r".*/tmp/l: (Input/output|I/O) error", status=126)
        self.check(patch % "/../../../../../tmp/long", r".*/tmp/l: Accessing a corrupted shared library",
                   status=126)
        self.check(patch % "/../../../../../tmp//cut", r".*", status=126)
        self.end()


class Mounts(Ash):
    """mount(2) and umount2(2) from the shell."""

    def test_table(self):
        self.check("cat /proc/mounts", r"tmpfs / tmpfs rw,relatime 0 0\ndev /dev devtmpfs rw,relatime 0 0\n"
                   r"proc /proc proc rw,relatime 0 0\n(?s:.*)tmpfs /run tmpfs rw,nosuid,relatime,mode=755 0 0\n"
                   r"tmpfs /tmp tmpfs rw,relatime 0 0")
        self.check("mkdir /mnt/a; mount -t tmpfs -o mode=700 'my disk' /mnt/a; tail -n 1 /proc/mounts",
                   r"my\\040disk /mnt/a tmpfs rw,relatime,mode=700 0 0")
        self.check("stat -c %a /mnt/a; umount /mnt/a; stat -c %a /mnt/a", "700\n755")
        self.check("mount -t ext4 none /mnt", ".*No such device")
        self.check("mount -t tmpfs -o foo none /mnt", ".*Invalid argument")
        self.check("mount --bind /bin /mnt", ".*Function not implemented")
        self.check("mount -t proc proc /proc", ".*(Device or resource busy|already mounted).*")
        self.check("umount /bin", ".*Invalid argument", status=1)
        self.check("umount /", ".*Device or resource busy", status=1)
        self.end()

    def test_in_use(self):
        busy = ".*Device or resource busy"
        self.say("cd /mnt; mkdir a; mount -t tmpfs t a; mkdir -p a/b/c a/x; echo hi > a/b/f; ln a/b/f a/g")
        self.check("cd a/b; umount /mnt/a; cd /mnt", busy)
        self.check("exec 5< a/g; umount a", busy, status=1)
        self.check("rm a/g a/b/f; umount a", busy, status=1)  # open, without a name
        self.say("exec 5<&-; cp /bin/busybox a/sleep")
        self.check("a/sleep 100 & sleep 0.1; umount a; kill %1; wait", busy)
        self.check("mount -t tmpfs t2 a/x; umount a; umount a/x", busy)
        self.check("rmdir a", busy, status=1)
        self.check("umount a && ls a && mount | grep -c /mnt", "0", status=1)
        self.say("mount -t tmpfs t a; echo inner > a/f; mount -t tmpfs u a; echo outer > a/f")
        self.check("cat a/f; umount a; cat a/f; umount a", "outer\ninner")
        self.end()

    def test_later(self):
        """umount -l: what is in use goes when it is left."""
        self.say("cd /mnt; mount -t tmpfs t /mnt; cd /mnt; echo here > f; umount -l /mnt")
        self.check("cat f; ls /mnt; mount | grep -c /mnt", "here\n0", status=1)
        self.check("mkdir d; mount -t tmpfs t d", ".*Invalid argument")  # who would unmount it?
        self.say("i=0; cd /; while [ $i -lt 50 ]; do mount -t tmpfs t /mnt || break; cd /mnt; "
                 "umount -l /mnt; cd /; i=$((i+1)); done; [ $i = 50 ]", seconds=60)
        self.end()

    def test_flags(self):
        refused = ".*Read-only file system"
        self.say("cd /mnt; mount -t tmpfs t /mnt; mkdir /mnt/d; echo hi > /mnt/f")
        self.check("exec 5> /mnt/f; mount -o remount,ro /mnt", ".*busy.*")
        self.say("exec 5>&-; mount -o remount,ro /mnt")
        for command in ("touch /mnt/q", "rm -f /mnt/f", "mkdir /mnt/e", "chmod 1 /mnt/f", "mv /mnt/f /mnt/g",
                        "ln /mnt/f /mnt/g", "rmdir /mnt/d", "truncate -s 1 /mnt/f", "ln -s x /mnt/g"):
            self.check(command, refused, status=1)
        self.say("mount -o remount,rw,noexec,nodev /mnt; cp /bin/bash /mnt/b; mknod /mnt/null c 1 3")
        self.check("/mnt/b", ".*Permission denied", status=126)
        self.check("cp /bin/lua /mnt; /lib/ld-linux-armhf.so.3 /mnt/lua -v", ".*failed to map segment.*", status=127)
        self.check("cat /mnt/null", ".*Permission denied", status=1)
        self.check("mount -o remount,rw,exec,dev /mnt; cat /mnt/null; /mnt/b -c 'echo runs'", "runs")
        self.check("cd /; umount /mnt", "")
        self.end()


class Archives(TestCase):
    """Ramdisks that were made for Linux: compressed, with device nodes, /init a script."""

    INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs udev /dev
mount -t tmpfs -o noexec,nosuid,size=10%,mode=0755 tmpfs /run
echo "mounts: $(grep -c . /proc/mounts), $(stat -c '%t:%T %F' /nodes/zero)"
head -c 4 /nodes/zero | od -An -tx1
echo quiet > /nodes/null
echo console > /nodes/console
sh +m -i < /nodes/tty > /nodes/tty 2>&1 # the terminal is nobody's: no job control
poweroff -f
"""

    def archive(self):
        with open(built(IMAGE), "rb") as f:
            files = quire_vm.newc_read(f.read())
        files = {name: entry for name, entry in files.items()
                 if name in ("bin", "bin/busybox", "lib", "mnt") or entry[1] == b"busybox"}
        for name in ("proc", "dev", "run", "nodes"):
            files[name] = (stat.S_IFDIR | 0o755, b"")
        files["init"] = (stat.S_IFREG | 0o755, self.INIT.encode())
        nodes = {"null": (1, 3), "zero": (1, 5), "console": (5, 1), "tty": (5, 1)}
        files.update(("nodes/" + name, (stat.S_IFCHR | 0o600, b"", *rdev)) for name, rdev in nodes.items())
        path = self.path("theirs.cpio.gz")
        with open(path, "wb") as f:
            f.write(gzip.compress(quire_vm.newc_write(files), 1))
        return path

    def test_script_as_init(self):
        with Machine(initrd=self.archive(), limit=60) as vm:
            vm.expect(r"^mounts: 5, 1:5 character special file$", 30)
            vm.expect(r"^ 00 00 00 00$")
            vm.expect(r"^console$")
            vm.expect(r"/ # ")
            vm.send("echo $((6 * 7))\n")
            vm.expect(r"^42$")
            vm.send("exit\n")
            self.assertEqual(vm.wait(30), 0)


if __name__ == "__main__":
    quire_vm.main()
