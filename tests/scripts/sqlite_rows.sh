#!/bin/sh
# SPDX-License-Identifier: MIT
cat > a.sql <<'E'
create table t(i integer primary key, s text, r real);
with recursive c(x) as (select 1 union all select x + 1 from c where x < 10000)
insert into t select x, 'row ' || x, x / 7.0 from c;
create index ix on t(s);
select count(*), sum(i), max(s), round(avg(r), 6) from t;
select i from t where s = 'row 5000';
explain query plan select i from t where s = 'row 5000';
begin; delete from t where i > 100; select count(*) from t; rollback; select count(*) from t;
update t set s = upper(s) where i % 1000 = 0; select s from t where i in (1000, 1001) order by i desc;
pragma integrity_check; pragma page_count; pragma freelist_count;
delete from t where i > 500; vacuum; pragma page_count; pragma integrity_check;
create table u(a unique not null, b references t(i)); insert into u values (1, 1); insert into u values (1, 2); insert into u values (null, 1);
select group_concat(i, ',') from (select i from t limit 5); select t.i, u.a from t join u on u.b = t.i;
select * from none; select 1 +; select hex(zeroblob(4)), typeof(1.5), length('äö'), printf('%05d', 42), date(0, 'unixepoch'), substr('hello', 2, 3);
create view v as select s from t where i < 3; select * from v; create trigger g after insert on u begin delete from t where i = new.a; end; insert into u values (2, 3); select count(*) from t;
savepoint p; insert into u values (9, 9); rollback to p; release p; select count(*) from u; .tables
E
sqlite3 db < a.sql
echo $?
ls
stat -c %s db
sqlite3 -csv -header db 'select * from t limit 2'
sqlite3 db .dump | md5sum
sqlite3 db .dump | sqlite3 copy
sqlite3 copy 'select count(*) from t'
sqlite3 db '.backup b2'
cmp db b2 > /dev/null
sqlite3 b2 'pragma integrity_check'
head -c 3000 db > broken
sqlite3 broken 'select * from t'
echo $?
echo garbage > no
sqlite3 no 'select * from t'
echo $?
chmod 444 db
sqlite3 -readonly db 'insert into u values (5, 5)'
echo $?
sqlite3 /none/db 'create table t(i)'
echo $?
