/* SPDX-License-Identifier: MIT
 *
 * The file system in memory against a simple model: a random sequence of operations on few names
 * and small files, each with the result and the error that the model says, while copies of user
 * memory fault and, in a second run, allocations fail: then the operation must say so, have changed
 * nothing, and succeed when repeated. In the end everything is removed and every frame is back.
 * SEED and SOAK from the environment. Linked with --wrap=frame_alloc,--wrap=slab_alloc.
 */
#include "tests/host/testing.h"

#include "fs/file.h"
#include "fs/walk.h"
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "tests/host/fake_files.h"

#define NODES   48
#define ENTRIES 96
#define NAMES   6
#define HANDLES 6
#define SIZE    40000u
#define FRAMES  2048

/* The model: inodes, and names as triples. */
struct mnode {
    uint32_t type; /* S_IF*, 0: free */
    int names, handles;
    uint32_t size;
    uint8_t *data; /* SIZE bytes; zero behind the size */
};

struct mentry {
    int dir, node; /* node < 0: free */
    char name;
};

static struct mnode nodes[NODES]; /* 0: the root */
static struct mentry entries[ENTRIES];
static struct {
    struct file *file;
    int node;
} handles[HANDLES];

static uint8_t buf[SIZE], got[SIZE];

static struct {
    unsigned calls, at;
} failing;

pfn_t __real_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags);
void *__real_slab_alloc(struct slab_cache *c);
void *__wrap_slab_alloc(struct slab_cache *c);

static bool fails(void)
{
    return failing.at && ++failing.calls == failing.at;
}

pfn_t __wrap_frame_alloc(enum frame_type type, const void *owner, uint32_t index, unsigned flags)
{
    return fails() ? NO_PFN : __real_frame_alloc(type, owner, index, flags);
}

void *__wrap_slab_alloc(struct slab_cache *c)
{
    return fails() ? NULL : __real_slab_alloc(c);
}

static struct mentry *find(int dir, char name)
{
    for (int i = 0; i < ENTRIES; i++)
        if (entries[i].node >= 0 && entries[i].dir == dir && entries[i].name == name)
            return &entries[i];
    return NULL;
}

static int count(int dir)
{
    int n = 0;

    for (int i = 0; i < ENTRIES; i++)
        n += entries[i].node >= 0 && entries[i].dir == dir;
    return n;
}

static void enter(int dir, char name, int node)
{
    for (int i = 0; i < ENTRIES; i++) {
        if (entries[i].node < 0) {
            entries[i] = (struct mentry){dir, node, name};
            nodes[node].names++;
            return;
        }
    }
    fail_msg("the model has no entry left");
}

static void node_drop(int node)
{
    struct mnode *n = &nodes[node];

    if (n->names == 0 && n->handles == 0) {
        free(n->data);
        *n = (struct mnode){0};
    }
}

static void leave(struct mentry *e)
{
    int node = e->node;

    e->node = -1;
    nodes[node].names--;
    node_drop(node);
}

static int node_new(uint32_t type)
{
    for (int i = 1; i < NODES; i++) {
        if (!nodes[i].type) {
            nodes[i].type = type;
            nodes[i].data = type == S_IFREG ? calloc(1, SIZE) : NULL;
            return i;
        }
    }
    return -1;
}

/* A path of one to three names, and where it leads in the model. */
struct place {
    char path[16];
    int dir; /* of the last name; < 0: -Exxx */
    char name;
    struct mentry *entry;
};

static struct place place_random(void)
{
    struct place p = {.dir = 0};
    unsigned depth = 1 + testing_below(3);
    char *at = p.path;

    for (unsigned i = 0; i < depth; i++) {
        if (i > 0) {
            if (p.dir >= 0)
                p.dir = !p.entry                               ? -ENOENT
                        : nodes[p.entry->node].type == S_IFDIR ? p.entry->node
                                                               : -ENOTDIR;
            *at++ = '/';
        }
        p.name = (char)('a' + testing_below(NAMES));
        *at++ = p.name;
        p.entry = p.dir >= 0 ? find(p.dir, p.name) : NULL;
    }
    return p;
}

static bool memory_error(int error)
{
    return error == -ENOMEM || error == -ENOSPC;
}

static bool is_dir(const struct place *p)
{
    return p->entry && nodes[p->entry->node].type == S_IFDIR;
}

/* Runs the operation as the model expects; where an allocation was made to fail, again. */
#define EXPECT(wanted, call)                                                                       \
    do {                                                                                           \
        int wanted_ = (wanted), result_ = (call);                                                  \
        if (failing.at && failing.calls >= failing.at && memory_error(result_)) {                  \
            failing.at = 0;                                                                        \
            result_ = (call);                                                                      \
        }                                                                                          \
        failing.at = 0;                                                                            \
        if (result_ != wanted_)                                                                    \
            fail_msg("%s: %d, not %d", #call, result_, wanted_);                                   \
    } while (0)

static bool model_full(void)
{
    int used = 0, names = 0;

    for (int i = 0; i < NODES; i++)
        used += nodes[i].type != 0;
    for (int i = 0; i < ENTRIES; i++)
        names += entries[i].node >= 0;
    return used > NODES - 2 || names > ENTRIES - 2;
}

static void do_make(uint32_t type)
{
    struct place p = place_random();
    int error = p.dir < 0 ? p.dir : p.entry ? -EEXIST : 0;

    if (model_full())
        return;
    EXPECT(error, vnode_make(NULL, p.path, type | 0755, 0, NULL));
    if (!error)
        enter(p.dir, p.name, node_new(type));
}

static void do_open(void)
{
    struct place p = place_random();
    unsigned h = testing_below(HANDLES);
    bool create = testing_below(2), cut = testing_below(4) == 0;
    int error = p.dir < 0 ? p.dir : !p.entry && !create ? -ENOENT : is_dir(&p) ? -EISDIR : 0;
    uint32_t flags = O_RDWR | O_LARGEFILE | (create ? O_CREAT : 0) | (cut ? O_TRUNC : 0);
    struct file *f = NULL;

    if (handles[h].file || model_full())
        return;
    if (!error && failing.at && !p.entry)
        failing.at = 0; /* a file that was made stays when opening it fails */
    EXPECT(error, vnode_open(NULL, p.path, flags, 0644, &f));
    if (error)
        return;
    if (!p.entry) {
        enter(p.dir, p.name, node_new(S_IFREG));
        p.entry = find(p.dir, p.name);
    }
    handles[h].file = f;
    handles[h].node = p.entry->node;
    nodes[p.entry->node].handles++;
    if (cut) {
        memset(nodes[p.entry->node].data, 0, SIZE);
        nodes[p.entry->node].size = 0;
    }
}

static void do_close(unsigned h)
{
    if (!handles[h].file)
        return;
    file_unref(handles[h].file);
    handles[h].file = NULL;
    nodes[handles[h].node].handles--;
    node_drop(handles[h].node);
}

static void do_remove(bool dir)
{
    struct place p = place_random();
    int error = p.dir < 0 ? p.dir : !p.entry ? -ENOENT : 0;

    if (!error && dir)
        error = !is_dir(&p) ? -ENOTDIR : count(p.entry->node) ? -ENOTEMPTY : 0;
    else if (!error)
        error = is_dir(&p) ? -EISDIR : 0;
    EXPECT(error, vnode_remove(NULL, p.path, dir));
    if (!error)
        leave(p.entry);
}

static void do_link(void)
{
    struct place from = place_random(), to = place_random();
    struct vnode *v;
    int error;

    if (from.dir < 0 || !from.entry || model_full())
        return;
    failing.at = 0;
    assert_int_equal(vnode_lookup(NULL, from.path, false, &v), 0);
    error = to.dir < 0 ? to.dir : to.entry ? -EEXIST : is_dir(&from) ? -EPERM : 0;
    failing.at = testing_below(3);
    failing.calls = 0;
    EXPECT(error, vnode_link(v, NULL, to.path));
    vnode_unref(v);
    if (!error)
        enter(to.dir, to.name, from.entry->node);
}

/* dir lies in node or below it. */
static bool lies_in(int dir, int node)
{
    for (int steps = 0; dir != node && dir != 0 && steps < NODES; steps++) {
        int up = 0;

        for (int i = 0; i < ENTRIES; i++)
            if (entries[i].node == dir)
                up = entries[i].dir;
        dir = up;
    }
    return dir == node;
}

static int rename_error(const struct place *from, const struct place *to, unsigned flags)
{
    if (from->dir < 0 || to->dir < 0)
        return from->dir < 0 ? from->dir : to->dir;
    if (!from->entry || (!to->entry && flags == RENAME_EXCHANGE))
        return -ENOENT;
    if (to->entry && flags == RENAME_NOREPLACE)
        return -EEXIST;
    if (is_dir(from) && lies_in(to->dir, from->entry->node))
        return -EINVAL;
    if (is_dir(to) && lies_in(from->dir, to->entry->node))
        return flags == RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    if (!to->entry || flags == RENAME_EXCHANGE || to->entry->node == from->entry->node)
        return 0;
    if (is_dir(from) != is_dir(to))
        return is_dir(from) ? -ENOTDIR : -EISDIR;
    return is_dir(to) && count(to->entry->node) ? -ENOTEMPTY : 0;
}

static void do_rename(void)
{
    static const unsigned kinds[] = {0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
    struct place from = place_random(), to = place_random();
    unsigned flags = kinds[testing_below(4)];
    int error = rename_error(&from, &to, flags), node;

    EXPECT(error, vnode_rename(NULL, from.path, NULL, to.path, flags));
    if (error || (to.entry && to.entry->node == from.entry->node))
        return;
    node = from.entry->node;
    if (flags == RENAME_EXCHANGE) {
        from.entry->node = to.entry->node;
        to.entry->node = node;
        return;
    }
    if (to.entry)
        leave(to.entry);
    from.entry->dir = to.dir;
    from.entry->name = to.name;
}

static void do_write(void)
{
    unsigned h = testing_below(HANDLES);
    uint32_t pos = testing_below(SIZE), len = testing_below(SIZE - pos);
    struct mnode *m = &nodes[handles[h].node];
    int n;

    if (!handles[h].file)
        return;
    for (uint32_t i = 0; i < len; i++)
        buf[i] = (uint8_t)testing_random();
    n = file_write_at(handles[h].file, pos, (vaddr_t)buf, len);
    if (n < (int)len) { /* what was done before the memory went counts */
        assert_true(failing.at && failing.calls >= failing.at && (n >= 0 || memory_error(n)));
        len = (uint32_t)MAX(n, 0);
    }
    memcpy(m->data + pos, buf, len);
    if (len)
        m->size = MAX(m->size, pos + len);
}

static void do_read(void)
{
    unsigned h = testing_below(HANDLES);
    uint32_t pos = testing_below(SIZE), len = testing_below(SIZE - pos);
    const struct mnode *m = &nodes[handles[h].node];
    int wanted = pos < m->size ? (int)MIN(len, m->size - pos) : 0;

    if (!handles[h].file)
        return;
    memset(got, 0xee, sizeof(got));
    assert_int_equal(file_read_at(handles[h].file, pos, (vaddr_t)got, len), wanted);
    assert_memory_equal(got, m->data + pos, (size_t)wanted);
    if ((size_t)wanted < sizeof(got))
        assert_int_equal(got[wanted], 0xee);
}

static void do_cut(void)
{
    unsigned h = testing_below(HANDLES);
    uint32_t size = testing_below(SIZE);
    struct mnode *m = &nodes[handles[h].node];

    if (!handles[h].file)
        return;
    EXPECT(0, file_truncate(handles[h].file, size));
    if (size < m->size)
        memset(m->data + size, 0, SIZE - size);
    m->size = size;
}

/* A page of a hole is in memory after it was mapped and read: it may go, and is kept once written.
 */
static void do_touch(void)
{
    unsigned h = testing_below(HANDLES);
    const struct mnode *m = &nodes[handles[h].node];
    pfn_t pfn;

    if (!handles[h].file || m->size == 0)
        return;
    failing.at = 0;
    uint32_t page = testing_below(m->size) >> PAGE_SHIFT;
    assert_int_equal(obj_get(handles[h].file->vnode->obj, page, &pfn, NULL), 0);
    assert_memory_equal(pfn_to_virt(pfn), m->data + page * PAGE_SIZE,
                        MIN(PAGE_SIZE, m->size - page * PAGE_SIZE));
    obj_put(pfn);
}

/* What a mapping leaves behind the end, in the last page, is zero where the file grows over it. */
static void do_scribble(void)
{
    unsigned h = testing_below(HANDLES);
    const struct mnode *m = &nodes[handles[h].node];
    pfn_t pfn;

    if (!handles[h].file || m->size % PAGE_SIZE == 0)
        return;
    failing.at = 0;
    struct obj *o = handles[h].file->vnode->obj;
    assert_int_equal(obj_get(o, m->size >> PAGE_SHIFT, &pfn, NULL), 0);
    assert_int_equal(obj_keep(o, pfn), 0);
    memset((char *)pfn_to_virt(pfn) + m->size % PAGE_SIZE, 0xaa, PAGE_SIZE - m->size % PAGE_SIZE);
    obj_put(pfn);
}

/* Memory is short: all that can be dropped is. */
static void do_squeeze(void)
{
    static pfn_t taken[FRAMES];
    unsigned n = 0;

    failing.at = 0;
    while ((taken[n] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER)) != NO_PFN)
        n++;
    while (n > 0)
        frame_free(taken[--n]);
}

static void do_allocate(void)
{
    unsigned h = testing_below(HANDLES), mode = testing_below(3);
    uint32_t pos = testing_below(SIZE), len = 1 + testing_below(SIZE - pos);
    struct mnode *m = &nodes[handles[h].node];

    if (!handles[h].file)
        return;
    if (mode == 2) {
        EXPECT(0, file_allocate(handles[h].file, 3, pos, len));
        memset(m->data + pos, 0, MIN(len, SIZE - pos));
        return;
    }
    EXPECT(0, file_allocate(handles[h].file, mode, pos, len));
    if (mode == 0)
        m->size = MAX(m->size, pos + len);
}

static void step(void)
{
    switch (testing_below(17)) {
    case 0: do_make(S_IFREG); break;
    case 1: do_make(S_IFDIR); break;
    case 2:
    case 3: do_open(); break;
    case 4: do_close(testing_below(HANDLES)); break;
    case 5: do_remove(false); break;
    case 6: do_remove(true); break;
    case 7: do_link(); break;
    case 8:
    case 9: do_rename(); break;
    case 10:
    case 11: do_write(); break;
    case 12: do_read(); break;
    case 13: do_cut(); break;
    case 14: testing_below(20) ? do_touch() : do_squeeze(); break;
    case 15: do_scribble(); break;
    default: do_allocate(); break;
    }
    failing.at = 0;
}

/* Names that readdir shows of a directory are the model's. */
static void compare_directory(int node, const char *path)
{
    struct dirent_info e;
    struct vnode *dir;
    uint64_t pos = 0;
    int seen = 0;

    assert_int_equal(vnode_lookup(NULL, path, true, &dir), 0);
    while (dir->ops->readdir(dir, &pos, &e) == 1) {
        const struct mentry *m = find(node, e.name[0]);
        char below[16];

        assert_non_null(m);
        seen++;
        snprintf(below, sizeof(below), "%s/%c", path, e.name[0]);
        if ((e.mode & S_IFMT) == S_IFDIR && strlen(below) < 10)
            compare_directory(m->node, below);
        assert_int_equal(e.mode & S_IFMT, nodes[m->node].type);
    }
    assert_int_equal(seen, count(node));
    vnode_unref(dir);
}

/* The path of a name, before the end of a buffer; where it begins. */
static char *path_to(const struct mentry *e, char *end)
{
    *--end = '\0';
    for (;;) {
        int dir = e->dir;

        *--end = e->name;
        if (dir == 0)
            return end;
        *--end = '/';
        for (e = entries; e->node != dir; e++)
            ;
    }
}

/* A name that nothing is below of. */
static struct mentry *leaf(void)
{
    for (int i = 0; i < ENTRIES; i++) {
        struct mentry *e = &entries[i];

        if (e->node >= 0 && (nodes[e->node].type != S_IFDIR || count(e->node) == 0))
            return e;
    }
    return NULL;
}

/* Everything goes: what is open, then names, leaves first. */
static void remove_all(void)
{
    char path[3 * NODES];
    struct mentry *e;

    for (unsigned i = 0; i < HANDLES; i++)
        do_close(i);
    while ((e = leaf()) != NULL) {
        bool dir = nodes[e->node].type == S_IFDIR;

        assert_int_equal(vnode_remove(NULL, path_to(e, path + sizeof(path)), dir), 0);
        leave(e);
    }
}

static void run(unsigned steps, bool fail)
{
    uint32_t before;

    memset(nodes, 0, sizeof(nodes));
    nodes[0].type = S_IFDIR;
    for (int i = 0; i < ENTRIES; i++)
        entries[i].node = -1;
    before = fake_in_use();
    for (unsigned i = 0; i < steps; i++) {
        failing.calls = 0;
        failing.at = fail && testing_below(2) ? 1 + testing_below(4) : 0;
        step();
        if (i % 500 == 0) {
            compare_directory(0, ".");
            assert_int_equal(fake_check(), 0);
        }
    }
    remove_all();
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), before);
    assert_int_equal(tmpfs_inodes(), 1);
    assert_int_equal(obj_kept().used, 0);
}

static void as_the_model_says(void **state)
{
    (void)state;
    fake_faults = 5;
    run(testing_count(20000, 1000000), false);
}

static void as_the_model_says_without_memory(void **state)
{
    (void)state;
    fake_faults = 0;
    run(testing_count(20000, 1000000), true);
}

/* One machine for all: caches of slabs outlive none. */
static int setup(void **state)
{
    (void)state;
    fake_files(FRAMES);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_model_says),
        cmocka_unit_test(as_the_model_says_without_memory),
    };

    testing_seed();
    return cmocka_run_group_tests(tests, setup, NULL);
}
