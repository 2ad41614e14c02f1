/* SPDX-License-Identifier: MIT
 *
 * The table of mounts.
 * Invariants: a mounted directory has parent and name of the one it covers, which can be neither
 * removed nor renamed: so ".." and paths need no special case. Of what is in use but was to go
 * later the entry stays, detached, and is looked at again whenever something is mounted or goes.
 * Locks: (n); to build or take a file system apart it is let go.
 */
#include "fs/mount.h"

#include <string.h>

#include "fs/tmpfs.h"
#include "include/uapi/errno.h"
#include "lib/fmt.h"

#define MOUNTS_MAX    32
#define SINGLES_MAX   6
#define SOURCE_BYTES  48
#define OPTIONS_BYTES 80
#define FIRST_ID      20u /* of mountinfo's */

struct mount {
    struct vnode *root;    /* (n) NULL: the place is free; with a reference */
    struct vnode *covered; /* (n) with a reference; NULL: the root of all, or detached */
    bool boot;             /* (n) nobody asked for it */
    bool made;             /* (n) a tmpfs of its own */
    bool detached;         /* (n) */
    char source[SOURCE_BYTES];
};

static struct {
    struct mount mount[MOUNTS_MAX];    /* (n) in order */
    unsigned count;                    /* (n) */
    struct vnode *single[SINGLES_MAX]; /* (n) roots of what there is one of, with references */
} mounts;

static void set_source(struct mount *m, const char *source)
{
    fmt_snprint(m->source, SOURCE_BYTES, "%s", source && *source ? source : "none");
}

void mount_root(struct vnode *v)
{
    struct mount *m = &mounts.mount[0];

    memset(&mounts, 0, sizeof(mounts));
    m->root = vnode_ref(v);
    set_source(m, v->fs->source);
    mounts.count = 1;
}

static struct mount *mount_of(const struct vnode *root)
{
    for (unsigned i = 0; i < mounts.count; i++)
        if (mounts.mount[i].root == root && !mounts.mount[i].detached)
            return &mounts.mount[i];
    return NULL;
}

static uint32_t *flags_of(const struct vnode *v)
{
    return v->fs->state ? &v->fs->state->flags : NULL;
}

/* v can be reached from the root, and not only from inside of what was detached. */
static bool is_attached(const struct vnode *v)
{
    for (unsigned i = 0; i < mounts.count; i++)
        if (mounts.mount[i].root->fs == v->fs && !mounts.mount[i].detached)
            return true;
    return false;
}

/* dir comes over covered, whose reference becomes the table's; (n) held for writing. */
static int enter(struct vnode *covered, struct vnode *dir, const char *source, struct mount **made)
{
    struct mount *m = &mounts.mount[mounts.count];

    if (!vnode_is(covered, S_IFDIR))
        return -ENOTDIR;
    if (!covered->fs->state && !mount_of(covered))
        return -EINVAL; /* directories of /proc and /sys are made anew by each walk */
    if (!is_attached(covered))
        return -EINVAL; /* nobody could unmount it any more */
    if (mounts.count == MOUNTS_MAX || covered->mounted || covered->parent == covered ||
        covered->nlink == 0)
        return -EBUSY;
    *m = (struct mount){.root = vnode_ref(dir), .covered = covered};
    set_source(m, source);
    dir->parent = covered->parent;
    dir->name = covered->name;
    covered->mounted = dir;
    mounts.count++;
    *made = m;
    return 0;
}

static void note_single(struct vnode *dir)
{
    unsigned i = 0;

    while (i < SINGLES_MAX && mounts.single[i] && mounts.single[i] != dir)
        i++;
    if (i < SINGLES_MAX && !mounts.single[i])
        mounts.single[i] = vnode_ref(dir);
}

int vnode_mount(const char *path, struct vnode *dir)
{
    struct vnode *covered;
    struct mount *m;
    int error = vnode_lookup(vnode_root(), path, true, &covered);

    if (error)
        return error;
    names_write();
    error = enter(covered, dir, dir->fs->source, &m);
    if (!error) {
        m->boot = true;
        note_single(dir);
    }
    names_write_done();
    if (error)
        vnode_unref(covered);
    return error;
}

static struct vnode *find_single(const char *type)
{
    for (unsigned i = 0; i < SINGLES_MAX && mounts.single[i]; i++)
        if (strcmp(mounts.single[i]->fs->type, type) == 0)
            return mounts.single[i];
    return NULL;
}

/* The entry goes out of the table; (n) held for writing. */
static void forget(struct mount *m)
{
    unsigned at = (unsigned)(m - mounts.mount);

    mounts.count--;
    memmove(m, m + 1, (mounts.count - at) * sizeof(*m));
    memset(&mounts.mount[mounts.count], 0, sizeof(*m));
}

/* Somebody works in there: more references to the root than the table's and `mine`, which files of
 * /proc and /sys have through their directories, or files of a tmpfs are in use. */
static bool in_use(const struct mount *m, uint32_t mine)
{
    uint32_t own = mine + (m->made ? 1 : 2);

    return __atomic_load_n(&m->root->refs, __ATOMIC_RELAXED) > own || tmpfs_in_use(m->root);
}

/* Something is mounted inside: it, or NULL. */
static struct mount *inner_of(const struct mount *m)
{
    for (unsigned i = 0; i < mounts.count; i++) {
        struct mount *inner = &mounts.mount[i];

        if (inner->covered && inner->covered->fs == m->root->fs)
            return inner;
    }
    return NULL;
}

/* Takes apart what was detached and is not in use any more. */
static void sweep(void)
{
    struct vnode *gone;

    do {
        gone = NULL;
        names_write();
        for (unsigned i = 0; i < mounts.count && !gone; i++) {
            struct mount *m = &mounts.mount[i];

            if (!m->detached || in_use(m, 0) || inner_of(m))
                continue;
            gone = m->root;
            forget(m);
        }
        names_write_done();
        if (gone)
            tmpfs_unmake(gone);
    } while (gone);
}

/* The path's directory, and whether a boot's mount of that type is what is there. */
static bool takes_over(const struct vnode *at, const struct vnode *single)
{
    struct mount *m = mount_of(at);

    if (at != single || !m || !m->boot)
        return false;
    m->boot = false;
    return true;
}

static int add_single(const struct mount_request *r, struct vnode *covered, struct vnode *single)
{
    struct mount *m = NULL;
    int error = 0;

    if (r->flags & FS_RDONLY && !flags_of(single))
        return -EINVAL;
    names_write();
    if (!takes_over(covered, single)) {
        if (mount_of(single))
            error = -EBUSY;
        else
            error = enter(covered, single, r->source, &m);
    } else {
        set_source(mount_of(single), r->source);
    }
    if (!error && flags_of(single))
        __atomic_store_n(flags_of(single), r->flags, __ATOMIC_RELAXED);
    names_write_done();
    if (!m)
        vnode_unref(covered); /* else the table's */
    return error;
}

static int add_tmpfs(const struct mount_request *r, struct vnode *covered)
{
    struct mount *m;
    struct vnode *root;
    int error = tmpfs_make(r->options, r->flags, &root);

    if (!error) {
        names_write();
        error = enter(covered, root, r->source, &m);
        if (!error)
            m->made = true;
        names_write_done();
        if (error)
            tmpfs_unmake(root);
        else
            vnode_unref(root); /* the table has its own */
    }
    if (error)
        vnode_unref(covered);
    return error;
}

int mount_add(const struct mount_request *r)
{
    struct vnode *covered, *single = find_single(r->type);
    int error;

    if (!single && strcmp(r->type, "tmpfs") != 0)
        return -ENODEV;
    sweep();
    error = vnode_lookup(r->cwd, r->path, true, &covered);
    if (error)
        return error;
    if (vnode_is(covered, S_IFDIR))
        return single ? add_single(r, covered, single) : add_tmpfs(r, covered);
    vnode_unref(covered);
    return -ENOTDIR;
}

/* Who opens a file to write first counts itself, then looks at the flags (vnode_write_begin); so
 * they are set here before the count is read, again. (n) held for writing. */
static int set_read_only(struct vnode *root, uint32_t flags)
{
    uint32_t was;

    if (tmpfs_is_written(root))
        return -EBUSY;
    was = __atomic_exchange_n(flags_of(root), flags, __ATOMIC_SEQ_CST);
    if (!tmpfs_is_written(root))
        return 0;
    __atomic_store_n(flags_of(root), was, __ATOMIC_RELAXED);
    return -EBUSY;
}

/* All or nothing: what can be refused comes before the flags, and can be taken back. */
static int change_tree(struct vnode *root, uint32_t flags, const char *options)
{
    const struct fs *fs = root->fs;
    int error = 0;

    if (flags & FS_RDONLY && !(*flags_of(root) & FS_RDONLY)) {
        uint32_t was = *flags_of(root);

        error = set_read_only(root, flags);
        if (!error && fs->remount)
            error = fs->remount(fs, options);
        if (error)
            __atomic_store_n(flags_of(root), was, __ATOMIC_RELAXED);
        return error;
    }
    if (fs->remount)
        error = fs->remount(fs, options);
    if (!error)
        __atomic_store_n(flags_of(root), flags, __ATOMIC_SEQ_CST);
    return error;
}

int mount_change(const struct mount_request *r)
{
    struct vnode *v;
    struct mount *m;
    int error = vnode_lookup(r->cwd, r->path, true, &v);

    if (error)
        return error;
    names_write();
    m = mount_of(v);
    if (!m || (r->flags & FS_RDONLY && !flags_of(v)))
        error = -EINVAL;
    else if (flags_of(v))
        error = change_tree(v, r->flags, r->options);
    names_write_done();
    vnode_unref(v);
    return error;
}

int mount_find(struct vnode *cwd, const char *path)
{
    struct vnode *v;
    int error = vnode_lookup(cwd, path, true, &v);

    if (error)
        return error;
    names_read();
    if (!mount_of(v))
        error = -EINVAL;
    names_read_done();
    vnode_unref(v);
    return error;
}

/* The mount leaves the tree of names; (n) held for writing. The covered directory is the caller's.
 */
static struct vnode *detach(struct mount *m)
{
    struct vnode *covered = m->covered;

    covered->mounted = NULL;
    m->covered = NULL;
    m->root->parent = m->root;
    m->root->name = NULL;
    m->detached = true;
    return covered;
}

/* Removes v's mount; later: those inside as well, from the innermost on, one at a time, and answers
 * 1 as long as there are any. */
static int remove_at(struct vnode *v, bool later, struct vnode **covered)
{
    struct mount *m = mount_of(v), *inner;
    int more = 0;

    if (!m)
        return -EINVAL;
    if (!m->covered || (!later && (in_use(m, 1) || inner_of(m))))
        return -EBUSY;
    for (; (inner = inner_of(m)) != NULL; m = inner)
        more = 1;
    *covered = detach(m);
    if (!m->made) {
        v = m->root;
        forget(m);
        vnode_unref(v); /* the table's: not the last one */
    }
    return more;
}

int mount_remove(struct vnode *cwd, const char *path, bool follow, bool later)
{
    struct vnode *v, *covered;
    int error;

    sweep();
    error = vnode_lookup(cwd, path, follow, &v);
    if (error)
        return error;
    do {
        covered = NULL;
        names_write();
        error = remove_at(v, later, &covered);
        names_write_done();
        vnode_unref(covered);
    } while (error > 0);
    vnode_unref(v);
    if (!error)
        sweep();
    return error;
}

/* A line that is being written. */
struct line {
    char *buf;
    size_t size, at;
};

static void put_text(struct line *l, const char *text)
{
    size_t room = l->size - l->at; /* at least 1: the end */

    l->at += MIN((size_t)fmt_snprint(l->buf + l->at, room, "%s", text), room - 1);
}

/* /proc/mounts is read by words: blanks and the like are octal numbers there. */
static void put_word(struct line *l, const char *word)
{
    for (; *word && l->at + 5 < l->size; word++) {
        if (*word == ' ' || *word == '\t' || *word == '\n' || *word == '\\') {
            l->buf[l->at++] = '\\';
            for (unsigned shift = 9; shift > 0; shift -= 3)
                l->buf[l->at++] = (char)('0' + ((unsigned)*word >> (shift - 3) & 7));
        } else {
            l->buf[l->at++] = *word;
        }
    }
    l->buf[l->at] = '\0';
}

static void put_path(struct line *l, struct vnode *root)
{
    char path[128];

    if (vnode_path_locked(root, path, sizeof(path)))
        strcpy(path, "?");
    put_word(l, path);
}

static void put_options(struct line *l, const struct mount *m)
{
    static const struct {
        uint32_t flag;
        const char *text;
    } names[] = {{FS_NOSUID, ",nosuid"},
                 {FS_NODEV, ",nodev"},
                 {FS_NOEXEC, ",noexec"},
                 {FS_NOATIME, ",noatime"}};
    uint32_t flags = flags_of(m->root) ? *flags_of(m->root) : 0;

    put_word(l, flags & FS_RDONLY ? "ro" : "rw");
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (flags & names[i].flag)
            put_word(l, names[i].text);
    put_word(l, flags & FS_NOATIME ? "" : ",relatime");
}

static void put_own_options(struct line *l, const struct fs *fs)
{
    char own[OPTIONS_BYTES];

    if (!fs->options)
        return;
    fs->options(fs, own, sizeof(own));
    put_text(l, own);
}

/* SOURCE PATH TYPE OPTIONS 0 0 */
static void put_mount(struct line *l, const struct mount *m)
{
    put_word(l, m->source);
    put_text(l, " ");
    put_path(l, m->root);
    put_text(l, " ");
    put_text(l, m->root->fs->type);
    put_text(l, " ");
    put_options(l, m);
    put_own_options(l, m->root->fs);
    put_text(l, " 0 0");
}

/* The number of the mount that m's directory is in; the root's is in itself. */
static unsigned mounted_on(const struct mount *m)
{
    unsigned i = 0;

    while (m->covered && i < mounts.count && mounts.mount[i].root->fs != m->covered->fs)
        i++;
    return m->covered ? i : (unsigned)(m - mounts.mount);
}

/* ID PARENT MAJOR:MINOR ROOT PATH OPTIONS - TYPE SOURCE OPTIONS */
static void put_mount_info(struct line *l, const struct mount *m)
{
    l->at = (size_t)fmt_snprint(l->buf, l->size, "%u %u 0:%u / ",
                                FIRST_ID + (unsigned)(m - mounts.mount), FIRST_ID + mounted_on(m),
                                (unsigned)m->root->fs->dev);
    put_path(l, m->root);
    put_text(l, " ");
    put_options(l, m);
    put_text(l, " - ");
    put_text(l, m->root->fs->type);
    put_text(l, " ");
    put_word(l, m->source);
    put_text(l, " rw");
    put_own_options(l, m->root->fs);
}

static const struct mount *nth(unsigned n)
{
    for (unsigned i = 0; i < mounts.count; i++)
        if (!mounts.mount[i].detached && n-- == 0)
            return &mounts.mount[i];
    return NULL;
}

/* Writes a line about the n-th mount by put; false: there are not so many. */
static bool write_line(unsigned n, char *buf, size_t size,
                       void (*put)(struct line *l, const struct mount *m))
{
    struct line l = {buf, size, 0};
    const struct mount *m;

    names_read();
    m = nth(n);
    if (m)
        put(&l, m);
    names_read_done();
    return m != NULL;
}

bool mount_line(unsigned n, char *buf, size_t size)
{
    return write_line(n, buf, size, put_mount);
}

bool mount_info_line(unsigned n, char *buf, size_t size)
{
    return write_line(n, buf, size, put_mount_info);
}
