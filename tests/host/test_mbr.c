/* SPDX-License-Identifier: MIT
 *
 * The reader of partition tables on sectors built here entry by entry: each reason to refuse, the
 * last value that is right beside the first that is wrong, and random tables, where whatever is
 * accepted must be what the bytes say, lie in the disk and not overlap. Each sector is an
 * allocation of its size, so that the sanitizer sees one byte too far.
 */
#include "tests/host/testing.h"

#include "block/mbr.h"
#include "include/uapi/errno.h"

#define DISK 20480u /* sectors of the usual disk */

static uint8_t sector[MBR_BYTES];
static struct mbr_part parts[MBR_PARTS];
static const char *why;

static void begin(void)
{
    memset(sector, 0, sizeof(sector));
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

static uint8_t *entry_at(unsigned number)
{
    return sector + 446 + 16 * (number - 1);
}

static void store32(uint8_t *to, uint32_t x)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(x >> 8 * i);
}

static void add(unsigned number, uint8_t type, uint32_t start, uint32_t count)
{
    uint8_t *e = entry_at(number);

    e[4] = type;
    store32(e + 8, start);
    store32(e + 12, count);
}

static int parse(uint64_t disk_sectors)
{
    uint8_t *copy = malloc(MBR_BYTES);
    int error;

    memcpy(copy, sector, MBR_BYTES);
    memset(parts, 0xa5, sizeof(parts));
    why = "not set";
    error = mbr_parse(copy, disk_sectors, parts, &why);
    free(copy);
    return error;
}

static void expect_part(unsigned number, uint8_t type, uint32_t start, uint32_t count)
{
    const struct mbr_part *p = &parts[number - 1];

    assert_int_equal(p->number, number);
    assert_int_equal(p->type, type);
    assert_int_equal(p->start, start);
    assert_int_equal(p->count, count);
}

static void expect_none(void)
{
    for (unsigned number = 1; number <= MBR_PARTS; number++)
        expect_part(number, 0, 0, 0);
}

static void expect_good(uint64_t disk_sectors)
{
    assert_int_equal(parse(disk_sectors), 0);
    assert_null(why);
}

static void expect_refused(uint64_t disk_sectors, int error, const char *reason)
{
    assert_int_equal(parse(disk_sectors), error);
    assert_string_equal(why, reason);
    expect_none();
}

/* All sixteen bytes by hand from the specification's table, with the geometry of 255 heads and 63
 * sectors: 2,048 sectors behind 2,048, bootable, FAT; and the rest of the disk for Linux, entry 3.
 */
static void whole(void **state)
{
    static const uint8_t first[16] = {0x80, 0x20, 0x21, 0x00, 0x0c, 0x41, 0x01, 0x00,
                                      0x00, 0x08, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00};
    static const uint8_t third[16] = {0x00, 0x41, 0x02, 0x00, 0x83, 0x46, 0x05, 0x01,
                                      0x00, 0x10, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00};

    (void)state;
    begin();
    memcpy(sector + 446, first, 16);
    memcpy(sector + 478, third, 16);
    expect_good(DISK);
    expect_part(1, 0x0c, 2048, 2048);
    expect_part(2, 0, 0, 0);
    expect_part(3, 0x83, 4096, 16384);
    expect_part(4, 0, 0, 0);
}

static void no_table(void **state)
{
    (void)state;
    memset(sector, 0, sizeof(sector));
    expect_refused(DISK, -ENOENT, "no partition table");
    memset(sector, 0xff, sizeof(sector));
    expect_refused(DISK, -ENOENT, "no partition table");
    begin();
    add(1, 0x83, 1, 1);
    sector[510] = 0x54;
    expect_refused(DISK, -ENOENT, "no partition table");
    sector[510] = 0x55;
    sector[511] = 0xab;
    expect_refused(DISK, -ENOENT, "no partition table");
    sector[511] = 0xaa;
    expect_good(DISK);
}

/* Text and code where the table would be: any of the four status bytes tells. */
static void boot_sector(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= MBR_PARTS; number++)
        for (unsigned status = 0; status < 256; status++) {
            begin();
            add(1, 0x83, 1, 1);
            entry_at(number)[0] = (uint8_t)status;
            if (status == 0x00 || status == 0x80)
                expect_good(DISK);
            else
                expect_refused(DISK, -ENOENT, "a boot sector without partition table");
        }
    begin();
    strcpy((char *)sector + 400, "Non-system disk or disk error. Replace it and press any key when "
                                 "ready. Then the machine starts once more");
    expect_refused(DISK, -ENOENT, "a boot sector without partition table");
}

/* Signature and nothing else; an unused entry's other bytes mean nothing. */
static void unused(void **state)
{
    (void)state;
    begin();
    expect_good(DISK);
    expect_none();
    expect_good(0);
    add(2, 0, 0xffffffff, 0xffffffff);
    add(3, 0, 5, 0);
    add(4, 0x83, 5, 10);
    expect_good(DISK);
    expect_part(2, 0, 0, 0);
    expect_part(3, 0, 0, 0);
    expect_part(4, 0x83, 5, 10);
}

static void impossible(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= MBR_PARTS; number++) {
        begin();
        add(number, 0x83, 0, 5);
        expect_refused(DISK, -EINVAL, "a partition over the partition table");
        add(number, 0x83, 1, 0);
        expect_refused(DISK, -EINVAL, "a partition without sectors");
        add(number, 0x83, 1, 5);
        expect_good(DISK);
        expect_part(number, 0x83, 1, 5);
    }
}

/* A good entry beside it does not save a table. */
static void refused_whole(void **state)
{
    (void)state;
    begin();
    add(1, 0x0c, 2048, 2048);
    add(4, 0x83, 4096, DISK);
    expect_refused(DISK, -EINVAL, "a partition beyond the end of the disk");
    add(4, 0x83, 4096, DISK - 4096);
    expect_good(DISK);
}

static void last_sector(void **state)
{
    (void)state;
    begin();
    add(1, 0x83, DISK - 1, 1);
    expect_good(DISK);
    expect_refused(DISK - 1, -EINVAL, "a partition beyond the end of the disk");
    add(1, 0x83, 1, DISK - 1);
    expect_good(DISK);
    add(1, 0x83, 1, DISK);
    expect_refused(DISK, -EINVAL, "a partition beyond the end of the disk");
    add(1, 0x83, DISK, 1);
    expect_refused(DISK, -EINVAL, "a partition beyond the end of the disk");
    expect_refused(0, -EINVAL, "a partition beyond the end of the disk");
}

/* Where 32 bits would wrap. */
static void wide(void **state)
{
    const uint64_t end = UINT64_C(0x1fffffffe);

    (void)state;
    begin();
    add(1, 0x83, 0xffffffff, 0xffffffff);
    expect_good(end);
    expect_part(1, 0x83, 0xffffffff, 0xffffffff);
    expect_good(UINT64_MAX);
    expect_refused(end - 1, -EINVAL, "a partition beyond the end of the disk");
    add(1, 0x83, 0xffffffff, 2);
    expect_refused(DISK, -EINVAL, "a partition beyond the end of the disk");
    add(2, 0x83, 0x80000000, 0x7fffffff);
    expect_good(end);
    add(2, 0x83, 0x80000000, 0x80000000);
    expect_refused(end, -EINVAL, "partitions that overlap");
    add(1, 0x83, 1, 5);
    add(2, 0x83, 6, 0xffffffff);
    expect_good(end);
}

static void overlapping(void **state)
{
    (void)state;
    for (unsigned a = 1; a <= MBR_PARTS; a++)
        for (unsigned b = 1; b <= MBR_PARTS; b++) {
            if (a == b)
                continue;
            begin();
            add(a, 0x83, 100, 100);
            add(b, 0x0c, 200, 100);
            expect_good(DISK);
            add(b, 0x0c, 199, 100);
            expect_refused(DISK, -EINVAL, "partitions that overlap");
            add(b, 0x0c, 120, 10);
            expect_refused(DISK, -EINVAL, "partitions that overlap");
            add(b, 0x0c, 100, 100);
            expect_refused(DISK, -EINVAL, "partitions that overlap");
            add(b, 0x0c, 1, 99);
            expect_good(DISK);
            add(b, 0x0c, 1, 100);
            expect_refused(DISK, -EINVAL, "partitions that overlap");
        }
}

/* Extended ones are listed, a table that protects another is not used, wherever it says so. */
static void types(void **state)
{
    (void)state;
    for (unsigned type = 1; type < 256; type++) {
        bool extended = type == 5 || type == 15 || type == 133;

        begin();
        add(2, (uint8_t)type, 7, 9);
        assert_int_equal(mbr_is_extended((uint8_t)type), extended);
        if (type == 0xee) {
            expect_refused(DISK, -EINVAL, "a GUID partition table, which is not read");
            continue;
        }
        expect_good(DISK);
        expect_part(2, (uint8_t)type, 7, 9);
    }
    begin();
    add(1, 0xee, 1, 0xffffffff); /* as for a disk past 2 TiB */
    expect_refused(DISK, -EINVAL, "a GUID partition table, which is not read");
    assert_false(mbr_is_extended(0));
}

/* What was accepted: as the bytes say, and possible. Counted sector ranges in 64 bits. */
static void judge(uint64_t disk_sectors)
{
    for (unsigned i = 0; i < MBR_PARTS; i++) {
        const uint8_t *e = entry_at(i + 1);
        uint64_t start = parts[i].start, end = start + parts[i].count;

        assert_int_equal(parts[i].number, i + 1);
        assert_int_equal(parts[i].type, e[4]);
        if (parts[i].type == 0) {
            assert_int_equal(end, 0);
            continue;
        }
        assert_int_equal(start, e[8] + e[9] * 256u + e[10] * 65536u + e[11] * 16777216u);
        assert_int_equal(end - start, e[12] + e[13] * 256u + e[14] * 65536u + e[15] * 16777216u);
        assert_true(start > 0 && end > start && end <= disk_sectors);
        for (unsigned j = 0; j < i; j++)
            assert_true(parts[j].type == 0 || end <= parts[j].start ||
                        (uint64_t)parts[j].start + parts[j].count <= start);
    }
}

/* 1: it was accepted. */
static unsigned try(uint64_t disk_sectors)
{
    int error = parse(disk_sectors);

    if (error == 0) {
        assert_null(why);
        judge(disk_sectors);
        return 1;
    }
    assert_true(error == -ENOENT || error == -EINVAL);
    assert_true(why && strlen(why) > 0 && strlen(why) < 64);
    expect_none();
    return 0;
}

static uint64_t random_size(void)
{
    return 1 + (((uint64_t)testing_random() << 32 | testing_random()) >> testing_below(63));
}

/* Entries one behind the other, with gaps, in any order of the entries: always good. */
static void random_good(uint64_t disk_sectors)
{
    uint64_t at = 1;
    unsigned shift = testing_below(MBR_PARTS);

    begin();
    for (unsigned i = 0; i < MBR_PARTS; i++) {
        uint64_t left = MIN(disk_sectors, UINT32_MAX) - at, count;

        if (at >= MIN(disk_sectors, UINT32_MAX) || testing_below(4) == 0)
            continue;
        at += testing_below((uint32_t)left) / (1 + testing_below(8));
        count = 1 + testing_below((uint32_t)(MIN(disk_sectors, UINT32_MAX) - at));
        entry_at((i + shift) % MBR_PARTS + 1)[0] = testing_below(2) ? 0x80 : 0;
        add((i + shift) % MBR_PARTS + 1, (uint8_t)(1 + testing_below(0xed)), (uint32_t)at,
            (uint32_t)count);
        at += count;
    }
}

static void fuzz(void **state)
{
    unsigned n = testing_count(100000, 3000000), accepted = 0, refused = 0;

    (void)state;
    testing_seed();
    for (unsigned i = 0; i < n; i++) {
        uint64_t size = random_size();

        random_good(size);
        assert_int_equal(try(size), 1);
        for (unsigned k = 1 + testing_below(3); k > 0; k--)
            sector[446 + testing_below(66)] ^= (uint8_t)(1u << testing_below(8));
        if (try(size))
            accepted++;
        else
            refused++;
        for (unsigned at = 446; at < 510; at++)
            if (at % 16 != 446 % 16)
                sector[at] = (uint8_t)(testing_random() >> testing_below(32));
        try(size);
        for (unsigned at = 446; at < 512; at++)
            sector[at] = (uint8_t)testing_random();
        try(size);
    }
    printf("%u damaged tables: %u accepted, %u refused\n", n, accepted, refused);
    assert_true(accepted > n / 100 && refused > n / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),       cmocka_unit_test(no_table),
        cmocka_unit_test(boot_sector), cmocka_unit_test(unused),
        cmocka_unit_test(impossible),  cmocka_unit_test(refused_whole),
        cmocka_unit_test(last_sector), cmocka_unit_test(wide),
        cmocka_unit_test(overlapping), cmocka_unit_test(types),
        cmocka_unit_test(fuzz),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
