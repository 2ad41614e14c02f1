/* SPDX-License-Identifier: MIT
 *
 * The file system in memory at its limits: names by the ten thousand, and no space left; files that
 * are written while they are executed.
 */
#include "tests/host/testing.h"

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "mm/fault.h"
#include "tests/host/cpu.h"
#include "tests/host/fake_files.h"
#include "tests/host/fake_hat.h"

#define SIZE 40000u

static uint8_t buf[SIZE];

/* The table of names grows and shrinks with them. */
static void many_names(void **state)
{
    enum { MANY = 20000 };
    char name[16];
    uint32_t before;

    (void)state;
    before = fake_in_use();
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            snprintf(name, sizeof(name), "%d", i);
            assert_int_equal(vnode_make(NULL, name, S_IFREG | 0600, 0, NULL), 0);
        }
        for (int i = 0; i < MANY; i++) {
            snprintf(name, sizeof(name), "%d", (i * 7919) % MANY);
            assert_int_equal(vnode_remove(NULL, name, false), 0);
            assert_int_equal(vnode_remove(NULL, name, false), -ENOENT);
        }
        assert_int_equal(fake_in_use(), before);
    }
}

/* Files may take half of the memory, whatever they are filled with. */
static void half_of_memory(void **state)
{
    struct fs_space s;
    struct file *f;
    uint64_t pos = 0;
    int n;

    (void)state;
    assert_int_equal(vnode_open(NULL, "f", O_RDWR | O_CREAT, 0600, &f), 0);
    while ((n = file_write_at(f, pos, (vaddr_t)buf, SIZE)) > 0)
        pos += (unsigned)n;
    tmpfs_space(&tmpfs_root_fs, &s);
    assert_int_equal(n, -ENOSPC);
    assert_int_equal(s.pages_free, 0);
    assert_int_equal(pos, (uint64_t)s.pages_most * PAGE_SIZE);
    assert_int_equal(file_write_at(f, 5, (vaddr_t)buf, 100), 100);
    assert_int_equal(file_truncate(f, 0), 0);
    tmpfs_space(&tmpfs_root_fs, &s);
    assert_int_equal(s.pages_free, s.pages_most);
    file_unref(f);
}

/* The mapping is there before the call, and stays: what is fetched is what was written, and zeroes
 * where the file was cut. */
static void executed_while_written(void **state)
{
    struct as *as = as_create();
    struct map_request r = {.base = 0x10000,
                            .npages = 1,
                            .prot = PROT_READ | PROT_EXEC,
                            .maxprot = PROT_READ | PROT_EXEC,
                            .fixed = true};
    struct file *f;
    vaddr_t where;
    uint8_t byte;

    (void)state;
    assert_int_equal(vnode_open(NULL, "code", O_RDWR | O_CREAT, 0600, &f), 0);
    assert_int_equal(file_write_at(f, 0, (vaddr_t)buf, PAGE_SIZE), PAGE_SIZE);
    r.ops = &seg_shared;
    r.obj = f->vnode->obj;
    assert_int_equal(as_map(as, &r, &where), 0);
    for (uint8_t round = 1; round < 4; round++) {
        buf[0] = round;
        assert_int_equal(file_write_at(f, 100, (vaddr_t)buf, 1), 1);
        assert_int_equal(cpu_access(as, where + 100, PROT_EXEC, &byte), FAULT_OK);
        assert_int_equal(byte, round);
    }
    assert_int_equal(file_truncate(f, 50), 0);
    assert_int_equal(cpu_access(as, where + 100, PROT_EXEC, &byte), FAULT_OK);
    assert_int_equal(byte, 0);
    as_leave(as);
    file_unref(f);
}

static int setup(void **state)
{
    (void)state;
    fake_files(24000);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_names),
        cmocka_unit_test(half_of_memory),
        cmocka_unit_test(executed_while_written),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
