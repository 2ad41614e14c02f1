/* SPDX-License-Identifier: MIT
 *
 * Who may do what in tmpfs, on the memory core: a user who is not root makes, removes, links,
 * changes and opens. What Linux answers to the same is in tests/linux; here every allocation is
 * given back.
 */
#include "tests/host/testing.h"

#include "fs/access.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "include/uapi/errno.h"
#include "tests/host/fake_cred.h"
#include "tests/host/fake_files.h"
#include "tests/host/fake_hat.h"

static const struct cred user = {.uid = 1000,
                                 .euid = 1000,
                                 .suid = 1000,
                                 .fsuid = 1000,
                                 .gid = 1000,
                                 .egid = 1000,
                                 .sgid = 1000,
                                 .fsgid = 1000,
                                 .ngroups = 1,
                                 .group = {2000}};

static struct vnode *find(const char *path)
{
    struct vnode *v;

    assert_int_equal(vnode_lookup(NULL, path, true, &v), 0);
    return v;
}

static void change(const char *path, uint32_t mode, uint32_t uid, uint32_t gid)
{
    const struct cred *was = fake_cred;
    struct vnode *v;

    fake_cred = NULL;
    v = find(path);
    assert_int_equal(
        vnode_setattr(v, &(struct attr){.mask = ATTR_UID | ATTR_GID, .uid = uid, .gid = gid}), 0);
    assert_int_equal(vnode_setattr(v, &(struct attr){.mask = ATTR_MODE, .mode = mode}), 0);
    vnode_unref(v);
    fake_cred = was;
}

static int make(const char *path, uint32_t mode)
{
    return vnode_make(NULL, path, mode, 0, NULL);
}

static int opens(const char *path, uint32_t flags)
{
    struct file *f;
    int error = vnode_open(NULL, path, flags, 0600, &f);

    if (!error)
        file_unref(f);
    return error;
}

static void names(void **state)
{
    struct vnode *v;

    (void)state;
    assert_int_equal(make("d", S_IFDIR | 0755), 0);
    assert_int_equal(make("d/f", S_IFREG | 0644), 0);
    fake_cred = &user;
    assert_int_equal(make("d/x", S_IFDIR | 0755), -EACCES);
    assert_int_equal(opens("d/x", O_RDWR | O_CREAT), -EACCES);
    assert_int_equal(vnode_remove(NULL, "d/f", false), -EACCES);
    assert_int_equal(opens("d/f", O_RDONLY), 0);
    assert_int_equal(opens("d/f", O_RDWR), -EACCES);
    assert_int_equal(opens("d/f", O_RDONLY | O_TRUNC), -EACCES);
    change("d", 01777, 0, 0);
    assert_int_equal(opens("d/x", O_RDWR | O_CREAT), 0);
    v = find("d/x");
    assert_true(v->uid == 1000 && v->gid == 1000);
    assert_int_equal(vnode_link(v, NULL, "d/y"), 0);
    vnode_unref(v);
    v = find("d/f");
    assert_int_equal(vnode_link(v, NULL, "d/z"), -EPERM);
    vnode_unref(v);
    assert_int_equal(vnode_remove(NULL, "d/f", false), -EPERM);
    assert_int_equal(vnode_rename(NULL, "d/x", NULL, "d/f", 0), -EPERM);
    assert_int_equal(vnode_rename(NULL, "d/x", NULL, "d/w", 0), 0);
    change("d", 0700, 0, 0);
    assert_int_equal(opens("d/w", O_RDONLY), -EACCES);
    assert_int_equal(opens("d/none", O_RDONLY), -EACCES);
    fake_cred = NULL;
    assert_int_equal(opens("d/w", O_RDWR), 0);
}

/* Set-id bits go with what the user writes, and stay with what root writes. */
static void set_ids(void **state)
{
    struct file *f;
    char byte = 1;

    (void)state;
    assert_int_equal(make("f", S_IFREG | 0644), 0);
    change("f", 06777, 1000, 0);
    assert_int_equal(vnode_open(NULL, "f", O_RDWR, 0, &f), 0);
    assert_int_equal(file_write(f, (vaddr_t)&byte, 1), 1);
    assert_int_equal(f->vnode->mode & S_IALL, 06777);
    fake_cred = &user;
    assert_int_equal(file_write(f, (vaddr_t)&byte, 1), 1);
    assert_int_equal(f->vnode->mode & S_IALL, 0777);
    fake_cred = NULL;
    file_unref(f);
}

static void inherited(void **state)
{
    struct vnode *v;

    (void)state;
    assert_int_equal(make("g", S_IFDIR | 0755), 0);
    change("g", 02777, 0, 50);
    fake_cred = &user;
    assert_int_equal(make("g/d", S_IFDIR | 0700), 0);
    assert_int_equal(make("g/f", S_IFREG | 02770), 0);
    v = find("g/d");
    assert_true(v->mode & S_ISGID && v->gid == 50 && v->uid == 1000);
    vnode_unref(v);
    v = find("g/f");
    assert_true(!(v->mode & S_ISGID) && v->gid == 50);
    vnode_unref(v);
    fake_cred = NULL;
}

static void file_size(void **state)
{
    char bytes[100] = {0};
    struct file *f;

    (void)state;
    fake_file_size = 150;
    fake_hits = 0;
    assert_int_equal(vnode_open(NULL, "s", O_RDWR | O_CREAT, 0600, &f), 0);
    assert_int_equal(file_write(f, (vaddr_t)bytes, 100), 100);
    assert_int_equal(file_write(f, (vaddr_t)bytes, 100), 50);
    assert_int_equal(file_write(f, (vaddr_t)bytes, 100), -EFBIG);
    assert_int_equal(file_truncate(f, 151), -EFBIG);
    assert_int_equal(file_truncate(f, 150), 0);
    assert_int_equal(fake_hits, 2);
    fake_file_size = UINT64_MAX;
    assert_int_equal(file_truncate(f, 151), 0);
    file_unref(f);
}

static int setup(void **state)
{
    (void)state;
    fake_files(4000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_cred = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(names, teardown),
        cmocka_unit_test_teardown(set_ids, teardown),
        cmocka_unit_test_teardown(inherited, teardown),
        cmocka_unit_test_teardown(file_size, teardown),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
