/* SPDX-License-Identifier: MIT
 *
 * The file system in memory at its limits: names by the ten thousand, and no space left; files that
 * are written while they are executed.
 */
#include "tests/host/testing.h"

#include "fs/file.h"
#include "fs/tmpfs_impl.h"
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

static int open_in(struct vnode *root, const char *name, struct file **f)
{
    return vnode_open(root, name, O_RDWR | O_CREAT, 0600, f);
}

static uint32_t pages_free(const struct vnode *root)
{
    struct fs_space s;

    tmpfs_space(root->fs, &s);
    return s.pages_free;
}

/* A tree of four pages and five inodes, besides a tree without limits. */
static void limits_of_a_tree(void **state)
{
    char target[200];
    struct vnode *root;
    struct file *f, *g;
    uint32_t before;

    (void)state;
    memset(target, 't', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    before = fake_in_use();
    assert_int_equal(tmpfs_make("size=0x", 0, &root), -EINVAL);
    assert_int_equal(tmpfs_make("size=14k,nr_inodes=5", 0, &root), 0);
    assert_int_equal(pages_free(root), 4);
    assert_int_equal(open_in(root, "f", &f), 0);
    assert_int_equal(file_write_at(f, 0, (vaddr_t)buf, SIZE), 4 * PAGE_SIZE);
    assert_int_equal(file_write_at(f, 0, (vaddr_t)buf, SIZE), 4 * PAGE_SIZE);
    assert_int_equal(open_in(root, "g", &g), 0);
    assert_int_equal(file_write_at(g, 0, (vaddr_t)buf, 1), -ENOSPC);
    assert_int_equal(file_truncate(f, 3 * PAGE_SIZE), 0);
    assert_int_equal(pages_free(root), 1);
    assert_int_equal(file_allocate(g, 0, 0, 2 * PAGE_SIZE), -ENOSPC);
    assert_int_equal(pages_free(root), 1); /* what it made is gone */
    assert_int_equal(vnode_make(root, "l", S_IFLNK | 0777, 0, target), 0); /* takes a page */
    assert_int_equal(pages_free(root), 0);
    assert_int_equal(vnode_make(root, "m", S_IFLNK | 0777, 0, target), -ENOSPC);
    assert_int_equal(vnode_make(root, "m", S_IFLNK | 0777, 0, "short"), 0);
    assert_int_equal(vnode_make(root, "n", S_IFREG | 0600, 0, NULL), -ENOSPC); /* the sixth inode */
    assert_int_equal(tmpfs_remount(root->fs, "nr_inodes=4"), -EINVAL);
    assert_int_equal(tmpfs_remount(root->fs, "size=3p"), -EINVAL);
    assert_int_equal(tmpfs_remount(root->fs, "size=12k"), -EINVAL);
    assert_int_equal(tmpfs_remount(root->fs, "nr_blocks=5,nr_inodes=6"), 0);
    assert_int_equal(vnode_make(root, "n", S_IFREG | 0600, 0, NULL), 0);
    assert_int_equal(file_write_at(g, 0, (vaddr_t)buf, SIZE), PAGE_SIZE);
    file_unref(f);
    file_unref(g);
    names_write();
    assert_false(tmpfs_in_use(root));
    names_write_done();
    tmpfs_unmake(root);
    assert_int_equal(obj_kept().used, 0);
    assert_int_equal(fake_in_use(), before);
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
        cmocka_unit_test(limits_of_a_tree),
        cmocka_unit_test(executed_while_written),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
