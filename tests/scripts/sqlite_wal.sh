#!/bin/sh
# SPDX-License-Identifier: MIT
q() { sqlite3 db "$@"; }
q 'pragma journal_mode=wal; create table t(i integer primary key, s text); pragma mmap_size=1000000;'
for i in 1 2 3 4; do (for j in 1 2 3 4 5; do sqlite3 -cmd '.timeout 20000' db "insert into t(s) values ('$i-$j')"; done) & done
wait
q 'select count(*), count(distinct s) from t; pragma integrity_check'
ls
q 'pragma wal_checkpoint(truncate)'
{ echo "begin; insert into t(s) values ('open');"; sleep 3; echo "select count(*) from t; rollback;"; } | q & sleep 1.5
ls
q 'select count(*) from t'
sqlite3 db "insert into t(s) values ('locked')"
echo $?
wait
q 'pragma mmap_size=2000000; with recursive c(x) as (select 1 union all select x + 1 from c where x < 3000) insert into t(s) select hex(randomblob(50)) from c; select count(*), sum(length(s)) from t where i > 20; pragma integrity_check'
{ echo "begin immediate; insert into t(s) values ('lost');"; sleep 5; } | sqlite3 db & p=$!
sleep 1.5
kill -9 $p
wait $p
echo $?
q 'select count(*) from t; pragma integrity_check; pragma journal_mode=delete'
ls
for m in truncate persist memory off delete; do q "pragma journal_mode=$m; insert into t(s) values ('$m'); select s from t order by i desc limit 1"; done
q 'pragma synchronous=full; pragma cache_size=10; begin; update t set s = s || s; commit; select sum(length(s)) from t where i between 21 and 3000; pragma quick_check'
ls | grep -c journal
sqlite3 :memory: "create table m(x); insert into m values (1), (2); select sum(x) from m; attach 'other' as o; create table o.k(y); insert into o.k values (3); select y from k"
sqlite3 other .schema
sqlite3 -json db "select i from t where s = 'none'"
q 'pragma journal_size_limit=0; pragma locking_mode=exclusive; insert into t(s) values (1); select changes()'
q 'pragma page_size=1024; vacuum; pragma page_size; pragma integrity_check'
stat -c %s db | grep -c .
