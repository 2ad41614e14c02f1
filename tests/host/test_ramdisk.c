/* SPDX-License-Identifier: MIT
 *
 * The root on the host: archives built here, page-aligned and not, packed and damaged, go
 * through rootfs_mount; then names, contents and listings are read back by vnode_lookup and its
 * kin. Frames and the page cache are stand-ins: a table that remembers what was adopted.
 */
#include "tests/host/testing.h"

#include "fs/file.h"
#include "fs/tmpfs.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/panic.h"
#include "lib/inflate.h"
#include "mm/slab.h"

#define FRAMES     256u
#define FIRST      16u
#define POOL_PAGES 1024u

struct direct_map direct_map;
uintptr_t fake_bias;
struct spin frame_locks[FRAME_LOCKS];

static struct {
    uint8_t *ram;  /* FRAMES pages, from FIRST on */
    uint8_t *pool; /* what kmalloc gives */
    size_t pool_used;
    struct frame frames[FRAMES];
    uint32_t allocated; /* frames that frame_alloc_contiguous gave, from the end */
    uint32_t freed;
} host;

static uint8_t archive[64 * 4096];
static size_t archive_len;
static unsigned next_ino;
static struct vnode no_root; /* before the first mount */

struct frame *frame_find(pfn_t pfn)
{
    return pfn >= FIRST && pfn < FIRST + FRAMES ? &host.frames[pfn - FIRST] : NULL;
}

pfn_t frame_alloc_contiguous(uint32_t count, uint32_t align)
{
    (void)align;
    if (host.allocated + count > FRAMES / 2)
        return NO_PFN;
    host.allocated += count;
    return FIRST + FRAMES - host.allocated;
}

void frame_free(pfn_t pfn)
{
    frame_set(frame_find(pfn), FRAME_FREE, NULL, 0);
    host.freed++;
}

void frame_free_contiguous(pfn_t first, uint32_t count)
{
    while (count-- > 0)
        frame_free(first++);
}

struct frame_stats frame_stats(void)
{
    return (struct frame_stats){.total = 2000, .free = FRAMES / 2};
}

void *kmalloc(size_t bytes)
{
    void *p = host.pool + host.pool_used;

    assert_true(bytes <= PAGE_SIZE);
    if (host.pool_used == POOL_PAGES * PAGE_SIZE)
        return NULL;
    host.pool_used += PAGE_SIZE;
    return p;
}

void kfree(void *p)
{
    (void)p;
}

void *slab_alloc(struct slab_cache *c)
{
    return kmalloc(c->object_bytes);
}

void slab_free(struct slab_cache *c, void *p)
{
    (void)c, (void)p;
}

const struct vnode_ops tmpfs_file_ops; /* contents are read by vnode_read_kernel alone */

const struct vnode_ops *device_ops(uint32_t mode, uint32_t rdev)
{
    (void)mode;
    return rdev ? &tmpfs_file_ops : NULL;
}

int obj_keep(struct obj *o, pfn_t pfn)
{
    (void)o, (void)pfn;
    return 0;
}

int obj_reserve(struct obj_share *share, uint32_t n)
{
    (void)share, (void)n;
    return 0;
}

void obj_unreserve(struct obj_share *share, uint32_t n)
{
    (void)share, (void)n;
}

bool obj_is_mapped(struct obj *o)
{
    (void)o;
    return false;
}

void frame_nap(void)
{
    abort();
}

void obj_keep_limit(uint32_t most)
{
    assert_int_equal(most, 1000);
}

struct obj_kept obj_kept(void)
{
    abort();
}
void obj_unref(struct obj *o)
{
    if (--o->refs == 0)
        o->ops->release(o);
}

bool thread_interrupted(void)
{
    return false;
}

void preempt_point(void)
{
}

void panic(const char *format, ...)
{
    fail_msg("panic: %s", format);
    abort();
}

void obj_create(struct obj *o, const struct obj_ops *ops, void *data, uint64_t size_bytes)
{
    memset(o, 0, sizeof(*o));
    o->ops = ops;
    o->data = data;
    o->size_bytes = size_bytes;
    o->refs = 1;
}

pfn_t obj_adopt(struct obj *o, uint32_t page, pfn_t pfn)
{
    struct frame *f = frame_find(pfn);

    assert_int_equal(frame_type(f), FRAME_RAMDISK);
    frame_set(f, FRAME_OBJ, o, page);
    o->npages++;
    return NO_PFN;
}

int obj_get(struct obj *o, uint32_t page, pfn_t *pfn, enum obj_found *how)
{
    (void)how;
    for (pfn_t p = FIRST; p < FIRST + FRAMES; p++) {
        if (frame_type(frame_find(p)) == FRAME_OBJ && frame_owner(frame_find(p)) == o &&
            frame_find(p)->index == page) {
            *pfn = p;
            return 0;
        }
    }
    *pfn = FIRST + FRAMES - 1; /* not used by the archives of these tests */
    return o->ops->fill(o, page, pfn_to_virt(*pfn));
}

void obj_put(pfn_t pfn)
{
    (void)pfn;
}

static int setup(void **state)
{
    (void)state;
    if (!host.ram) {
        host.ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
        host.pool = aligned_alloc(PAGE_SIZE, POOL_PAGES * PAGE_SIZE);
    }
    host.pool_used = host.allocated = host.freed = 0;
    memset(host.pool, 0, POOL_PAGES * PAGE_SIZE);
    memset(host.ram, 0xee, FRAMES * PAGE_SIZE);
    memset(host.frames, 0, sizeof(host.frames));
    fake_bias = (uintptr_t)host.pool & ~(uintptr_t)0xfffffff;
    direct_map = (struct direct_map){.by_pfn = (uintptr_t)(host.frames - FIRST),
                                     .offset = (uintptr_t)host.ram - FIRST * PAGE_SIZE,
                                     .first = FIRST,
                                     .end = FIRST + FRAMES};
    archive_len = 0;
    next_ino = 100;
    memset(&no_root, 0, sizeof(no_root));
    no_root.refs = 1;
    no_root.fs = &tmpfs_root_fs;
    vnode_set_root(&no_root);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(host.ram);
    free(host.pool);
    return 0;
}

/* One member; with aligned its data starts on a page. */
static void add_as(const char *name, unsigned mode, const void *data, unsigned size, bool aligned,
                   unsigned ino, unsigned nlink)
{
    size_t name_len = strlen(name) + 1;
    char head[111];

    if (aligned)
        name_len = ALIGN_UP(archive_len + 110 + name_len, 4096u) - archive_len - 110;
    snprintf(head, sizeof(head), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino,
             mode, 0u, 0u, nlink, 77u, size, 0u, 0u, 0xabcu, 0x12345u, (unsigned)name_len, 0u);
    memset(archive + archive_len, 0, 110 + name_len);
    memcpy(archive + archive_len, head, 110);
    strcpy((char *)archive + archive_len + 110, name);
    archive_len = ALIGN_UP(archive_len + 110 + name_len, 4u);
    memcpy(archive + archive_len, data, size);
    archive_len = ALIGN_UP(archive_len + size, 4u);
    assert_true(archive_len < sizeof(archive));
}

static void add(const char *name, unsigned mode, const char *text)
{
    add_as(name, mode, text, (unsigned)strlen(text), false, next_ino++, 1);
}

static void finish(void)
{
    add_as("TRAILER!!!", 0, "", 0, false, 0, 1);
}

static int mount_at(size_t offset, const char **why)
{
    uint32_t count = pages_of(offset + archive_len);

    memcpy(host.ram + offset, archive, archive_len);
    for (uint32_t i = 0; i < count; i++)
        frame_set(&host.frames[i], FRAME_RAMDISK, NULL, 0);
    *why = "";
    return rootfs_mount((paddr_t)FIRST * PAGE_SIZE + offset, archive_len, why);
}

static void mounts(size_t offset)
{
    const char *why;

    finish();
    if (mount_at(offset, &why) != 0)
        fail_msg("not mounted: %s", why);
}

static void refuses(const char *reason)
{
    const char *why;

    assert_true(mount_at(0, &why) < 0);
    if (!strstr(why, reason))
        fail_msg("says \"%s\" and not \"%s\"", why, reason);
}

static struct vnode *find(const char *path)
{
    struct vnode *v;
    int error = vnode_lookup(NULL, path, true, &v);

    if (error)
        fail_msg("%s: %d", path, error);
    return v;
}

static int lookup_error(const char *path)
{
    struct vnode *v;

    return vnode_lookup(NULL, path, true, &v);
}

static void holds(const char *path, const void *data, size_t size)
{
    static uint8_t buf[65536];
    struct vnode *v = find(path);
    int n = vnode_read_kernel(v, 0, buf, sizeof(buf));

    assert_int_equal(n, size);
    assert_memory_equal(buf, data, size);
    vnode_unref(v);
}

static void holds_text(const char *path, const char *text)
{
    holds(path, text, strlen(text));
}

static void names_and_contents(void **state)
{
    struct vnode *v;
    char path[64];

    (void)state;
    add("bin", 040755, "");
    add("bin/sh", 0100755, "shell");
    add("a/b/c/deep", 0100644, "parents are made");
    add("empty", 0100644, "");
    add("dev", 040755, "");
    add("dev/console", 020600, "");
    add("dev/log", 0140666, "");
    mounts(0);
    holds_text("/bin/sh", "shell");
    holds_text("//bin/./../bin//sh", "shell");
    holds_text("/a/b/c/deep", "parents are made");
    holds_text("/empty", "");
    assert_int_equal(lookup_error("/bin/sh/x"), -ENOTDIR);
    assert_int_equal(lookup_error("/bin/sh/"), -ENOTDIR);
    assert_int_equal(lookup_error("/bin/none"), -ENOENT);
    assert_int_equal(lookup_error(""), -ENOENT);
    assert_int_equal(lookup_error("/dev/log"), -ENOENT);
    assert_int_equal(find("/dev/console")->mode, 020600);
    assert_int_equal(find("/dev/console")->rdev, 0x123abc45); /* as mknod encodes it */
    v = find("/a/b/c");
    assert_int_equal(vnode_path(v, path, sizeof(path)), 0);
    assert_string_equal(path, "/a/b/c");
    assert_int_equal(vnode_path(v, path, 6), -ERANGE);
    assert_int_equal(vnode_path(find("/"), path, sizeof(path)), 0);
    assert_string_equal(path, "/");
    assert_int_equal(vnode_path(find("/bin/sh"), path, sizeof(path)), 0);
    assert_string_equal(path, "/bin/sh");
    assert_int_equal(find("/bin/sh")->mtime, 77 * NSEC_PER_SEC);
}

static void links(void **state)
{
    struct vnode *v;

    (void)state;
    add("usr/bin/tool", 0100755, "tool");
    add("bin", 0120777, "usr/bin");
    add("abs", 0120777, "/usr");
    add("usr/up", 0120777, "../bin/tool");
    add("loop", 0120777, "loop");
    mounts(0);
    holds_text("/bin/tool", "tool");
    holds_text("/abs/bin/tool", "tool");
    holds_text("/usr/up", "tool");
    assert_int_equal(lookup_error("/loop"), -ELOOP);
    assert_int_equal(vnode_lookup(NULL, "/loop", false, &v), 0);
    assert_true(vnode_is(v, S_IFLNK));
    assert_int_equal(vnode_lookup(NULL, "/bin/", false, &v), 0);
    assert_true(vnode_is(v, S_IFDIR));
}

static void aligned_pages_lie_where_they_are(void **state)
{
    static uint8_t big[2 * 4096 + 100];

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 7);
    add_as("big", 0100644, big, sizeof(big), true, 1, 1);
    add_as("other", 0100644, big, 4096, true, 2, 1);
    add("in-the-tail", 0100644, "needs the tail page");
    add_as("late", 0100644, big, 10, true, 3, 1);
    mounts(0);
    assert_int_equal(find("/big")->obj->npages, 3);
    assert_int_equal(find("/other")->obj->npages, 1);
    assert_int_equal(find("/in-the-tail")->obj->npages, 0);
    holds("/big", big, sizeof(big));
    holds("/other", big, 4096);
    holds("/late", big, 10);
    holds_text("/in-the-tail", "needs the tail page");
    for (size_t i = sizeof(big); i < 3 * 4096; i++) /* the archive begins a page before */
        assert_int_equal(host.ram[4096 + i], 0);
}

static void a_tail_that_others_need_is_copied(void **state)
{
    (void)state;
    add_as("first", 0100644, "short", 5, true, 1, 1);
    add("second", 0100644, "behind it in the same page");
    mounts(0);
    assert_int_equal(find("/first")->obj->npages, 0);
    holds_text("/first", "short");
    holds_text("/second", "behind it in the same page");
}

static void nothing_needs_to_be_aligned(void **state)
{
    static uint8_t big[3 * 4096 + 1];

    (void)state;
    memset(big, 'b', sizeof(big));
    add_as("big", 0100644, big, sizeof(big), true, 1, 1);
    add("x", 0100644, "x");
    mounts(36);
    assert_int_equal(find("/big")->obj->npages, 0);
    holds("/big", big, sizeof(big));
}

static void the_last_of_a_name_wins(void **state)
{
    (void)state;
    add("f", 0100644, "old");
    add("d/x", 0100644, "in it");
    add("g", 040755, "");
    add("f", 0100755, "new");
    add("d", 0100644, "refused: d is not empty");
    add("g", 0100644, "now a file");
    mounts(0);
    holds_text("/f", "new");
    holds_text("/d/x", "in it");
    holds_text("/g", "now a file");
    assert_int_equal(find("/f")->mode, 0100755);
}

static void hard_links_share_the_file(void **state)
{
    (void)state;
    add_as("one", 0100644, "", 0, false, 9, 3);
    add_as("two", 0100644, "", 0, false, 9, 3);
    add_as("three", 0100644, "data", 4, false, 9, 3);
    mounts(0);
    holds_text("/one", "data");
    holds_text("/three", "data");
    assert_ptr_equal(find("/one"), find("/two"));
    assert_int_equal(find("/one")->nlink, 3);
}

static void directories_list_each_child_once(void **state)
{
    struct dirent_info entry;
    char name[32];
    uint64_t pos = 0;
    unsigned seen = 0;
    struct vnode *dir;

    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "dir/file-%d", i);
        add(name, 0100644, "");
    }
    mounts(0);
    dir = find("/dir");
    while (dir->ops->readdir(dir, &pos, &entry) == 1) {
        snprintf(name, sizeof(name), "file-%u", seen++);
        assert_string_equal(entry.name, name);
    }
    assert_int_equal(seen, 200);
    for (uint64_t wild = 0; wild < 1000; wild++) { /* any position is safe */
        pos = wild * 0x10000001;
        dir->ops->readdir(dir, &pos, &entry);
    }
    assert_int_equal(lookup_error("/dir/file-200"), -ENOENT);
    find("/dev");
    find("/proc");
}

static void damage_is_named(void **state)
{
    (void)state;
    refuses("initrd is empty");
    archive_len = 200;
    memset(archive, 0, sizeof(archive));
    refuses("initrd is damaged: ");
    archive_len = 0;
    add("f", 0100644, "text");
    refuses("no trailer");
    add("a/../b", 0100644, "");
    finish();
    refuses("a path with . or .. in it");
    archive_len = 0;
    add("f", 0100644, "text");
    add("f/x", 0100644, "text");
    finish();
    refuses("a path goes through a file");
    memcpy(archive, "\x1f\x8b\x08", 3);
    refuses("initrd is damaged: ");
    archive_len = 3;
    refuses("initrd is damaged: ");
}

/* The archive as gzip with stored blocks, which need no compressor. */
static void pack(bool right_size)
{
    static uint8_t out[sizeof(archive)];
    size_t n = 10;
    uint32_t crc = 0xffffffff, size = (uint32_t)archive_len;

    memcpy(out, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
    for (size_t at = 0; at < archive_len;) {
        uint16_t part = (uint16_t)MIN(archive_len - at, 60000u);

        out[n++] = at + part == archive_len;
        out[n++] = part & 255, out[n++] = part >> 8;
        out[n++] = ~part & 255, out[n++] = ~part >> 8 & 255;
        memcpy(out + n, archive + at, part);
        n += part;
        at += part;
    }
    for (size_t i = 0; i < archive_len; i++) {
        crc ^= archive[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    crc = ~crc;
    memcpy(out + n, &crc, 4);
    memcpy(out + n + 4, &size, 4);
    n += 8;
    memset(out + n, 0, 16);
    archive_len = n + (right_size ? 0 : 16); /* padding hides the size */
    memcpy(archive, out, archive_len);
}

static void gzip_with(bool right_size)
{
    static uint8_t big[5 * 4096];
    const char *why;

    memset(big, 'z', sizeof(big));
    add_as("big", 0100644, big, sizeof(big), true, 1, 1);
    add("small", 0100644, "small");
    finish();
    pack(right_size);
    if (mount_at(0, &why) != 0)
        fail_msg("not mounted: %s", why);
    assert_int_equal(find("/big")->obj->npages, 5);
    holds("/big", big, sizeof(big));
    holds_text("/small", "small");
    for (uint32_t i = 0; i < archive_len / PAGE_SIZE; i++)
        assert_int_equal(frame_type(&host.frames[i]), FRAME_FREE);
}

static void gzip_is_unpacked(void **state)
{
    gzip_with(true);
    setup(state);
    gzip_with(false);
}

static void gzip_without_room(void **state)
{
    (void)state;
    add("f", 0100644, "f");
    finish();
    pack(true);
    host.allocated =
        FRAMES / 2 - pages_of(sizeof(struct inflate_state)); /* what inflate itself needs */
    refuses("not enough memory to unpack");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_and_contents),
        TEST(links),
        TEST(aligned_pages_lie_where_they_are),
        TEST(a_tail_that_others_need_is_copied),
        TEST(nothing_needs_to_be_aligned),
        TEST(the_last_of_a_name_wins),
        TEST(hard_links_share_the_file),
        TEST(directories_list_each_child_once),
        TEST(damage_is_named),
        TEST(gzip_is_unpacked),
        TEST(gzip_without_room),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
