#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A database on tmpfs: 10,000 rows, an index, a write-ahead log, a mapped file, and two who use it.
sqlite3 db <<'S'
pragma journal_mode=wal;
pragma mmap_size=8000000;
create table t(i integer primary key, s text, r real);
begin;
with recursive c(x) as (select 1 union all select x + 1 from c where x < 10000)
insert into t select x, 'row ' || x || ' ' || hex(zeroblob(60)), x / 7.0 from c;
commit;
create index ix on t(s);
create index ir on t(r);
select count(*), sum(i), max(s), round(sum(r), 3), sum(length(s)) from t;
pragma integrity_check;
S
{ echo "begin; select count(*) from t;"; sleep 2; echo "select count(*) from t; commit;"; } | sqlite3 -cmd '.timeout 20000' db >reader &
sleep 1
sqlite3 -cmd '.timeout 20000' db "pragma mmap_size=8000000; update t set s = s || s where i % 3 = 0; delete from t where i > 9000; select count(*), sum(length(s)) from t"
wait
uniq -c reader | sed 's/ 10000$/ the same/; s/ 9000$/ the same/'
sqlite3 db <<'S'
pragma cache_size=20;
begin;
update t set r = -r, s = upper(s);
select round(sum(r), 3), count(distinct s) from t;
rollback;
select round(sum(r), 3), max(s) = max(upper(s)) from t;
select i from t where s like 'row 500 %';
pragma wal_checkpoint(truncate);
pragma integrity_check;
pragma journal_mode=delete;
vacuum;
select count(*), sum(i) from t;
pragma integrity_check;
S
sqlite3 db .dump | sqlite3 copy
sqlite3 copy 'select count(*), sum(i), sum(length(s)) from t; pragma integrity_check'
ls
