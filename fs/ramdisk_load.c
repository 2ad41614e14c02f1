/* SPDX-License-Identifier: MIT
 *
 * Makes the root, a tmpfs, from the initrd, a cpio archive, plain or gzip, at boot:
 *   unpack a gzip into frames of our own, and give the compressed ones back;
 *   enter every member of the archive into the tree, names and link targets by copy;
 *   then take the files' pages: what lies page-aligned becomes the file's as it is, the rest is
 *   kept and copied at first touch. The end of a file's last page holds the next header until
 *   everything is read; then it is cleared.
 * Frames of the archive have type RAMDISK, those that are still read from the flag WIRED as well.
 * Those that became files' pages stay in memory as long as the page is there, also where there is
 * swap: a disk that fails then can't take the programs with it, the shell and swapoff first. In
 * swap they would be lost with the disk, since these frames are the archive; a second copy would
 * cost what is won. The price is known: the archive's size, which was there before any swap was.
 * memlimit= does not count it.
 * The bytes may be anybody's. Locks: none: one thread, before the first process.
 */
#include <string.h>

#include "fs/file.h"
#include "fs/tmpfs_impl.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "lib/cpio.h"
#include "lib/fmt.h"
#include "lib/inflate.h"
#include "mm/slab.h"

#define GZIP_MIN_BYTES 18u /* header and trailer, whose last word is the size; RFC 1952, 2.3 */

static const char no_memory[] = "initrd: not enough memory to unpack";
static const char too_big[] = "initrd: no memory for its files, or too many of them";

/* A file of the archive, in the order of the data. */
struct item {
    struct item *next;        /* with data */
    struct item *next_linked; /* with several names */
    struct item *next_made;   /* all of them */
    struct tnode *node;       /* with a reference */
    uint32_t link_ino, link_dev;
};

/* The archive on its way into the tree. */
struct load {
    const uint8_t *bytes;
    size_t len;
    struct vnode *root;
    struct item *files, **files_end; /* with data, in its order */
    struct item *linked;             /* with several names */
    struct item *made;
    const char *damage; /* why enter_member refused, without the prefix */
};

static struct slab_cache items = SLAB_CACHE("initrd file", sizeof(struct item));

static int refuse(struct load *l, const char *damage)
{
    l->damage = damage;
    return -EINVAL;
}

/* What the member says of its file besides its contents. */
static void set_attributes(struct vnode *v, const struct cpio_entry *e)
{
    v->mode = e->mode;
    v->uid = e->uid;
    v->gid = e->gid;
    v->mtime = e->mtime * NSEC_PER_SEC;
}

/* A device node's number, as mknod takes it; of anything else 0. */
static uint32_t rdev_of(const struct cpio_entry *e)
{
    uint32_t type = e->mode & S_IFMT;

    if (type != S_IFCHR && type != S_IFBLK)
        return 0;
    return (e->rdev_minor & 0xff) | (e->rdev_major & 0xfff) << 8 | (e->rdev_minor & 0xfff00) << 12;
}

/* A new name in dir for a new file. */
static int make_name(struct vnode *dir, const struct name *name, const struct cpio_entry *e,
                     const char *link, struct vnode **made)
{
    int error = dir->ops->create(dir, name, e->mode, rdev_of(e), link, made);

    if (error)
        return error;
    set_attributes(*made, e);
    (*made)->atime = (*made)->ctime = (*made)->mtime;
    return 0;
}

static struct item *item_of(struct load *l, struct vnode *v)
{
    struct item *i = slab_alloc(&items);

    if (!i)
        return NULL;
    i->node = tnode_of(vnode_ref(v));
    i->next_made = l->made;
    l->made = i;
    return i;
}

/* The file that the member is a further name of, or NULL. */
static struct item *find_linked(struct load *l, const struct cpio_entry *e)
{
    uint32_t dev = e->dev_major << 20 ^ e->dev_minor;
    struct item *i = e->nlink > 1 ? l->linked : NULL;

    while (i && (i->link_ino != e->ino || i->link_dev != dev))
        i = i->next_linked;
    return i;
}

static void note_linked(struct load *l, const struct cpio_entry *e, struct item *i)
{
    i->link_ino = e->ino;
    i->link_dev = e->dev_major << 20 ^ e->dev_minor;
    i->next_linked = l->linked;
    l->linked = i;
}

/* Of several names of a file one alone, the last, has the data; others may repeat it. */
static void note_data(struct load *l, const struct cpio_entry *e, struct item *i)
{
    struct tnode *n = i->node;

    if (e->size == 0 || n->data_len != 0)
        return;
    n->data = e->data;
    n->data_len = e->size;
    n->obj.size_bytes = e->size;
    *l->files_end = i;
    l->files_end = &i->next;
}

static int enter_file(struct load *l, struct vnode *dir, const struct name *name,
                      const struct cpio_entry *e)
{
    struct item *i = find_linked(l, e);
    struct vnode *v;
    int error;

    if (i) {
        error = dir->ops->link(dir, name, &i->node->vnode);
    } else {
        error = make_name(dir, name, e, NULL, &v);
        if (error)
            return error;
        i = item_of(l, v);
        if (!i)
            return -ENOMEM;
        if (e->nlink > 1)
            note_linked(l, e, i);
    }
    if (!error)
        note_data(l, e, i);
    return error;
}

static int enter_link(struct load *l, struct vnode *dir, const struct name *name,
                      const struct cpio_entry *e)
{
    struct vnode *v;
    char *target;
    int error;

    if (e->size >= PATH_MAX)
        return refuse(l, "a link's target is too long");
    target = kmalloc(e->size + 1);
    if (!target)
        return -ENOMEM;
    memcpy(target, e->data, e->size);
    error = make_name(dir, name, e, target, &v);
    kfree(target);
    return error;
}

/* The name is there: a directory is taken as it is, if it isn't empty also for a file; anything
 * else goes. 1: nothing is to be made. */
static int replace(struct vnode *dir, const struct name *name, const struct cpio_entry *e)
{
    bool is_dir = (e->mode & S_IFMT) == S_IFDIR;
    struct vnode *old;

    if (dir->ops->lookup(dir, name, &old) < 0)
        return 0;
    if (vnode_is(old, S_IFDIR)) {
        if (is_dir)
            set_attributes(old, e);
        if (is_dir || tnode_of(old)->count)
            return 1;
    }
    if (dir->ops->unlink(dir, name, old))
        return 1;
    vnode_unref(old);
    return 0;
}

/* The member's own name in dir. Sockets are left out. */
static int enter_last(struct load *l, struct vnode *dir, const struct name *name,
                      const struct cpio_entry *e)
{
    uint32_t type = e->mode & S_IFMT;
    struct vnode *v;

    if (type == S_IFSOCK)
        return 0;
    if (replace(dir, name, e))
        return 0;
    if (type == S_IFLNK)
        return enter_link(l, dir, name, e);
    if (type == S_IFREG)
        return enter_file(l, dir, name, e);
    return make_name(dir, name, e, NULL, &v);
}

/* The directory of that name in dir, made if it is missing. */
static int descend(struct load *l, struct vnode **dir, const struct name *name)
{
    const struct cpio_entry missing = {.mode = S_IFDIR | 0755};
    struct vnode *child;
    int error = 0;

    if ((*dir)->ops->lookup(*dir, name, &child) < 0)
        error = make_name(*dir, name, &missing, NULL, &child);
    if (error)
        return error;
    if (!vnode_is(child, S_IFDIR))
        return refuse(l, "a path goes through a file");
    *dir = child;
    return 0;
}

static const char *skip_slashes(const char *s)
{
    while (*s == '/')
        s++;
    return s;
}

static int enter_member(struct load *l, const struct cpio_entry *e)
{
    const char *at = skip_slashes(e->name);
    struct vnode *dir = l->root;

    while (*at) {
        struct name name = name_of(at, strcspn(at, "/"));
        const char *rest = skip_slashes(at + name.len);
        int error;

        if (name.len > NAME_MAX)
            return refuse(l, "a name is too long");
        if (name_kind(&name) != NAME_PLAIN)
            return refuse(l, "a path with . or .. in it");
        if (!*rest)
            return enter_last(l, dir, &name, e);
        error = descend(l, &dir, &name);
        if (error)
            return error;
        at = rest;
    }
    return 0; /* the root itself, which is there */
}

/* A directory of the root that must be there, to be mounted over. */
static int need_directory(struct load *l, const char *text)
{
    struct name name = name_of(text, strlen(text));
    struct vnode *dir = l->root;

    return descend(l, &dir, &name);
}

static int enter_all(struct load *l, const char **why)
{
    static char text[80];
    struct cpio_entry e;
    struct cpio c;
    int more, error = 0;

    cpio_open(&c, l->bytes, l->len);
    while (!error && (more = cpio_next(&c, &e)) != 0)
        error = more < 0 ? refuse(l, c.error) : enter_member(l, &e);
    if (!error)
        error = need_directory(l, "dev");
    if (!error)
        error = need_directory(l, "proc");
    if (error == -EINVAL) {
        fmt_snprint(text, sizeof(text), "initrd is damaged: %s", l->damage);
        *why = text;
    } else if (error) {
        *why = too_big;
    }
    return error;
}

/* These bytes are read later: their frames stay. */
static void keep(const uint8_t *bytes, size_t len)
{
    pfn_t last = virt_to_pfn(bytes + len - 1);

    for (pfn_t pfn = virt_to_pfn(bytes); pfn <= last; pfn++) {
        struct frame *f = frame_find(pfn);

        if (f && frame_type(f) == FRAME_RAMDISK)
            f->flags |= FRAME_WIRED;
    }
}

static bool is_ramdisk_frame(const uint8_t *bytes)
{
    const struct frame *f = frame_find(virt_to_pfn(bytes));

    return f && frame_type(f) == FRAME_RAMDISK;
}

/* The page is the file's; nobody else runs yet. */
static void adopt_page(struct obj *o, uint32_t page, pfn_t pfn)
{
    if (obj_reserve(o->share, 1)) /* there is no limit yet */
        return;
    if (obj_adopt(o, page, pfn) == NO_PFN)
        frame_of(pfn)->flags |= FRAME_ARCHIVE;
}

/* Makes the file's pages its own where they can be. `limit`: where the bytes begin that somebody
 * else needs. */
static void adopt_file(struct tnode *n, const uint8_t *limit)
{
    const uint8_t *end = n->data + n->data_len, *at = n->data;

    if (((uintptr_t)at & PAGE_MASK) == 0) {
        for (; at < end && (size_t)(limit - at) >= PAGE_SIZE && is_ramdisk_frame(at);
             at += PAGE_SIZE) {
            uint8_t *page = (uint8_t *)pfn_to_virt(virt_to_pfn(at));

            if ((size_t)(end - at) < PAGE_SIZE)
                memset(page + (end - at), 0, PAGE_SIZE - (size_t)(end - at));
            adopt_page(&n->obj, (uint32_t)(at - n->data) >> PAGE_SHIFT, virt_to_pfn(at));
        }
    }
    if (at < end)
        keep(at, (size_t)(end - at));
    else
        n->data_len = 0; /* nothing is read from the archive any more */
}

/* The first file of the list that still has a name. */
static struct item *alive(struct item *i)
{
    while (i && i->node->vnode.nlink == 0)
        i = i->next;
    return i;
}

static void adopt_all(struct load *l)
{
    struct item *next;

    for (struct item *i = alive(l->files); i; i = next) {
        next = alive(i->next);
        adopt_file(i->node, next ? next->node->data : l->bytes + l->len);
    }
}

static void items_free(struct load *l)
{
    struct item *i;

    while ((i = l->made) != NULL) {
        l->made = i->next_made;
        vnode_unref(&i->node->vnode);
        slab_free(&items, i);
    }
}

static int load_archive(const uint8_t *bytes, size_t len, struct vnode **root, const char **why)
{
    struct load l = {.bytes = bytes, .len = len, .files_end = &l.files};
    int error = tmpfs_init();

    if (!error)
        error = tmpfs_make_root(&tmpfs_root_fs, &l.root);
    if (error) {
        *why = too_big;
        return error;
    }
    error = enter_all(&l, why);
    if (!error)
        adopt_all(&l);
    items_free(&l);
    tmpfs_set_limit();
    *root = l.root;
    return error;
}

/* Where unpacked bytes go; without a place they are counted. */
struct unpack {
    uint8_t *to;
    size_t size, done;
};

static int unpack_sink(void *arg, const uint8_t *bytes, size_t n)
{
    struct unpack *u = arg;

    if (n > u->size - u->done)
        return -ENOSPC;
    if (u->to)
        memcpy(u->to + u->done, bytes, n);
    u->done += n;
    return 0;
}

/* Unpacks into frames for size bytes: 0 and *first, or -ENOSPC: it is larger, or a reason. */
static int unpack_into(const uint8_t *in, size_t len, struct unpack *u, pfn_t *first,
                       struct inflate_state *state)
{
    uint32_t count = pages_of(u->size);
    int error;

    *first = frame_alloc_contiguous(count, 1);
    if (*first == NO_PFN)
        return -ENOMEM;
    u->to = pfn_to_virt(*first);
    u->done = 0;
    error = inflate_gzip(in, len, unpack_sink, u, state);
    if (error)
        frame_free_contiguous(*first, count);
    return error;
}

/* The size that the file's last bytes promise is tried first; if it is not so (several members,
 * padding), the output is counted in a run of its own. */
static int unpack(const uint8_t *in, size_t len, struct unpack *u, pfn_t *first,
                  struct inflate_state *state)
{
    size_t room = (size_t)frame_stats().free * PAGE_SIZE;
    int error = -ENOSPC;

    if (len < GZIP_MIN_BYTES)
        return INFLATE_TRUNCATED;
    u->size = (size_t)in[len - 4] | (size_t)in[len - 3] << 8 | (size_t)in[len - 2] << 16 |
              (size_t)in[len - 1] << 24;
    if (u->size != 0 && u->size < room)
        error = unpack_into(in, len, u, first, state);
    if (error != -ENOSPC)
        return error;
    *u = (struct unpack){.size = room};
    error = inflate_gzip(in, len, unpack_sink, u, state);
    if (error)
        return error == -ENOSPC ? -ENOMEM : error;
    u->size = u->done;
    return u->size ? unpack_into(in, len, u, first, state) : INFLATE_TRUNCATED;
}

/* Gives frames of the archive back from which nothing is read any more. */
static void free_unused(pfn_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct frame *f = frame_find(first + i);

        if (f && frame_type(f) == FRAME_RAMDISK && !(f->flags & FRAME_WIRED))
            frame_free(first + i);
    }
}

static int load_unpacked(const struct unpack *u, pfn_t first, struct vnode **root, const char **why)
{
    int error;

    for (uint32_t i = 0; i < pages_of(u->size); i++)
        frame_set(frame_of(first + i), FRAME_RAMDISK, NULL, 0);
    error = load_archive(u->to, u->done, root, why);
    if (!error)
        free_unused(first, pages_of(u->size));
    return error;
}

static int load_gzip(const uint8_t *in, size_t len, struct vnode **root, const char **why)
{
    static char text[80];
    uint32_t state_frames = pages_of(sizeof(struct inflate_state));
    pfn_t state = frame_alloc_contiguous(state_frames, 1), first, whole;
    struct unpack u = {0};
    int error;

    *why = no_memory;
    if (state == NO_PFN)
        return -ENOMEM;
    error = unpack(in, len, &u, &first, pfn_to_virt(state));
    frame_free_contiguous(state, state_frames);
    if (error > 0) {
        fmt_snprint(text, sizeof(text), "initrd is damaged: %s", inflate_strerror(error));
        *why = text;
        return -EINVAL;
    }
    if (error)
        return error;
    /* of the compressed bytes the frames that they fill */
    whole = virt_to_pfn(in + PAGE_MASK);
    if (virt_to_pfn(in + len) > whole)
        free_unused(whole, virt_to_pfn(in + len) - whole);
    return load_unpacked(&u, first, root, why);
}

int rootfs_mount(paddr_t base, size_t len_bytes, const char **why)
{
    paddr_t end = base + len_bytes;
    struct vnode *root;
    const uint8_t *bytes;
    int error;

    if (len_bytes == 0 || base >> PAGE_SHIFT < direct_map.first ||
        (end + PAGE_MASK) >> PAGE_SHIFT > direct_map.end) {
        *why = len_bytes ? "initrd lies outside memory" : "initrd is empty";
        return -EINVAL;
    }
    bytes = (const uint8_t *)pfn_to_virt((pfn_t)(base >> PAGE_SHIFT)) + (base & PAGE_MASK);
    if (inflate_is_gzip(bytes, len_bytes))
        error = load_gzip(bytes, len_bytes, &root, why);
    else
        error = load_archive(bytes, len_bytes, &root, why);
    if (!error)
        vnode_set_root(root);
    return error;
}
