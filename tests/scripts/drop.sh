#!/bin/sh
# SPDX-License-Identifier: MIT
as() { start-stop-daemon -S -c "$1" -x /bin/sh -- -c "$2"; }; echo secret > s; chmod 600 s; echo open > o; mkdir p; chmod 700 p; true > p/f; mkdir w; chmod 1777 w; true > w/roots; as nobody:nogroup 'id; cat o; cat s; echo $?; echo x > o; echo $?; ls p; echo $?; cd p; echo $?; true > new; echo $?; true > w/mine; rm w/roots; echo $?; mv w/roots w/x; echo $?; rm w/mine; echo $?; chmod 777 o; echo $?; chown 0 o; echo $?; kill -9 1; echo $?; kill -0 1; echo $?; mount -t tmpfs t w; echo $?; mknod w/n c 1 3; echo $?; chroot / true; echo $?; touch -d @5 o; echo $?; ln -s o w/l; echo $?; true > /proc/1/comm; echo $?; ls /proc/1/fd >/dev/null; echo $?; readlink /proc/1/exe; echo $?; ulimit -Hn 9999999; echo $?; renice -5 $$; echo $?; hostname x; echo $?; dmesg -c >/dev/null 2>&1; echo $?; cat < /dev/mem; echo $?; poweroff -f; echo $?; date -s 2020.01.01-00:00; echo $?' 2>&1; cat > e <<'E'
#!/bin/sh
id -u
E
chmod 711 e
as nobody ./e
echo $?
chmod 755 e
as nobody ./e
cp /bin/busybox id
chmod 4755 id
as nobody 'PATH=. id -u; ./id; grep ^Uid /proc/self/status'
chmod 0 s
cat s
[ -r s ]
echo $?
[ -x s ]
echo $?
true > u
chown 65534 u
chmod 600 u
as nobody 'echo mine > u; cat u; chmod 4755 u; stat -c %a u; chown 65534:0 u; echo $?; rm u; echo $?'
su nobody -s /bin/sh -c 'id -u; umask; pwd | sed "s/.*\\///"'
chmod 755 p
chown 65534 p
as nobody 'mkdir p/d; true > p/d/x; rm -r p/d; rm p/f; ls p; echo $?'
setpriv -d 2>/dev/null | head -n 1 | cut -c 1-3
