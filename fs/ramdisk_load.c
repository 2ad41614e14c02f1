/* SPDX-License-Identifier: MIT
 *
 * Makes the ramdisk's tree from the initrd, a cpio archive, plain or gzip, at boot:
 *   unpack a gzip into frames of our own, and give the compressed ones back;
 *   enter every member of the archive into the tree, names and link targets by copy;
 *   then take the files' pages: what lies page-aligned becomes page cache as it is, the rest is
 *   kept and copied at first touch. The end of a file's last page holds the next header until
 *   everything is read; then it is cleared.
 * Frames of the archive have type RAMDISK, those that are still read from the flag WIRED as well.
 * The bytes may be anybody's. Locks: none: one thread, before the first process.
 */
#include <string.h>

#include "fs/file.h"
#include "fs/ramdisk_impl.h"
#include "include/uapi/errno.h"
#include "lib/cpio.h"
#include "lib/fmt.h"
#include "lib/inflate.h"
#include "mm/slab.h"

#define GZIP_MIN_BYTES 18u /* header and trailer, whose last word is the size; RFC 1952, 2.3 */

static const char no_memory[] = "initrd: not enough memory to unpack";
static const char too_big[] = "initrd: no memory for its files, or too many of them";

/* The archive on its way into the tree. */
struct load {
    const uint8_t *bytes;
    size_t len;
    struct rnode *files, **files_end; /* with data, in its order */
    struct rnode *linked;             /* with several names */
    const char *damage;               /* why enter_member refused, without the prefix */
};

static int refuse(struct load *l, const char *damage)
{
    l->damage = damage;
    return -EINVAL;
}

/* A new name in dir. */
static struct rnode *make_name(struct rnode *dir, const char *name, size_t n, uint32_t mode,
                               uint32_t mtime)
{
    struct rnode *node = ramdisk_node(mode, mtime);

    if (!node)
        return NULL;
    node->name = ramdisk_string(name, n);
    if (!node->name)
        return NULL;
    ramdisk_enter(dir, node);
    return node;
}

/* The file that the member is a further name of, or NULL; the first one is noted. */
static struct rnode *find_linked(struct load *l, const struct cpio_entry *e, struct rnode *n)
{
    uint32_t dev = e->dev_major << 20 ^ e->dev_minor;
    struct rnode *f = l->linked;

    while (f && (f->link_ino != e->ino || f->link_dev != dev))
        f = f->next_linked;
    if (!f) {
        n->link_ino = e->ino;
        n->link_dev = dev;
        n->next_linked = l->linked;
        l->linked = n;
    }
    return f;
}

/* Of several names of a file one alone, the last, has the data; others may repeat it. */
static void enter_file(struct load *l, const struct cpio_entry *e, struct rnode *n)
{
    struct rnode *f = e->nlink > 1 ? find_linked(l, e, n) : NULL;

    if (f) {
        n->file = f;
        f->vnode.nlink++;
    } else {
        f = n;
    }
    if (e->size == 0 || f->size != 0)
        return;
    f->data = e->data;
    f->size = e->size;
    f->obj.size_bytes = e->size;
    *l->files_end = f;
    l->files_end = &f->next;
}

static int enter_link(struct load *l, const struct cpio_entry *e, struct rnode *n)
{
    if (e->size >= PATH_MAX)
        return refuse(l, "a link's target is too long");
    n->data = (const uint8_t *)ramdisk_string(e->data, e->size);
    n->size = e->size;
    return n->data ? 0 : -ENOMEM;
}

/* The member's own name in dir; what had the name before goes, but for a directory that is not
 * empty. Devices, pipes and sockets are left out. */
static int enter_last(struct load *l, struct rnode *dir, const char *name, size_t n,
                      const struct cpio_entry *e)
{
    uint32_t type = e->mode & S_IFMT;
    struct rnode *old = ramdisk_find(dir, name, n), *node;

    if (type != S_IFDIR && type != S_IFREG && type != S_IFLNK)
        return 0;
    if (old && vnode_is(&old->vnode, S_IFDIR)) {
        if (type == S_IFDIR) {
            old->vnode.mode = e->mode;
            old->vnode.mtime = e->mtime;
        }
        if (type == S_IFDIR || !list_empty(&old->children))
            return 0;
    }
    if (old)
        ramdisk_remove(old);
    node = make_name(dir, name, n, e->mode, e->mtime);
    if (!node)
        return -ENOMEM;
    if (type == S_IFLNK)
        return enter_link(l, e, node);
    if (type == S_IFREG)
        enter_file(l, e, node);
    return 0;
}

/* The directory of that name in dir, made if it is missing. */
static int descend(struct load *l, struct rnode **dir, const char *name, size_t n)
{
    struct rnode *child = ramdisk_find(*dir, name, n);

    if (!child)
        child = make_name(*dir, name, n, S_IFDIR | 0755, 0);
    if (!child)
        return -ENOMEM;
    if (!vnode_is(&child->vnode, S_IFDIR))
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
    const char *name = skip_slashes(e->name);
    struct rnode *dir = ramdisk_root();

    while (*name) {
        size_t n = strcspn(name, "/");
        const char *rest = skip_slashes(name + n);
        int error;

        if (n > NAME_MAX)
            return refuse(l, "a name is too long");
        if (name[0] == '.' && (n == 1 || (n == 2 && name[1] == '.')))
            return refuse(l, "a path with . or .. in it");
        if (!*rest)
            return enter_last(l, dir, name, n, e);
        error = descend(l, &dir, name, n);
        if (error)
            return error;
        name = rest;
    }
    return 0; /* the root itself, which is there */
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
    if (!error) { /* for devfs and procfs */
        struct rnode *dev = ramdisk_root(), *proc = dev;

        error = descend(l, &dev, "dev", 3);
        if (!error)
            error = descend(l, &proc, "proc", 4);
    }
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

/* Makes the file's pages page cache where they can be. `limit`: where the bytes begin that somebody
 * else needs. */
static void adopt_file(struct rnode *n, const uint8_t *limit)
{
    const uint8_t *end = n->data + n->size, *at = n->data;

    if (((uintptr_t)at & PAGE_MASK) == 0) {
        for (; at < end && (size_t)(limit - at) >= PAGE_SIZE && is_ramdisk_frame(at);
             at += PAGE_SIZE) {
            uint8_t *page = (uint8_t *)pfn_to_virt(virt_to_pfn(at));

            if ((size_t)(end - at) < PAGE_SIZE)
                memset(page + (end - at), 0, PAGE_SIZE - (size_t)(end - at));
            obj_adopt(&n->obj, (uint32_t)(at - n->data) >> PAGE_SHIFT, virt_to_pfn(at));
        }
    }
    if (at < end)
        keep(at, (size_t)(end - at));
}

/* The first file of the list that still has a name. */
static struct rnode *alive(struct rnode *n)
{
    while (n && n->vnode.nlink == 0)
        n = n->next;
    return n;
}

static void adopt_all(struct load *l)
{
    struct rnode *next;

    for (struct rnode *n = alive(l->files); n; n = next) {
        next = alive(n->next);
        adopt_file(n, next ? next->data : l->bytes + l->len);
    }
}

static int load_archive(const uint8_t *bytes, size_t len, const char **why)
{
    struct load l = {.bytes = bytes, .len = len, .files_end = &l.files};
    int error = ramdisk_init();

    if (error) {
        *why = too_big;
        return error;
    }
    error = enter_all(&l, why);
    if (!error)
        adopt_all(&l);
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

static int load_unpacked(const struct unpack *u, pfn_t first, const char **why)
{
    int error;

    for (uint32_t i = 0; i < pages_of(u->size); i++)
        frame_set(frame_of(first + i), FRAME_RAMDISK, NULL, 0);
    error = load_archive(u->to, u->done, why);
    if (!error)
        free_unused(first, pages_of(u->size));
    return error;
}

static int load_gzip(const uint8_t *in, size_t len, const char **why)
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
    return load_unpacked(&u, first, why);
}

int ramdisk_mount(paddr_t base, size_t len_bytes, const char **why)
{
    paddr_t end = base + len_bytes;
    const uint8_t *bytes;
    int error;

    if (len_bytes == 0 || base >> PAGE_SHIFT < direct_map.first ||
        (end + PAGE_MASK) >> PAGE_SHIFT > direct_map.end) {
        *why = len_bytes ? "initrd lies outside memory" : "initrd is empty";
        return -EINVAL;
    }
    bytes = (const uint8_t *)pfn_to_virt((pfn_t)(base >> PAGE_SHIFT)) + (base & PAGE_MASK);
    if (inflate_is_gzip(bytes, len_bytes))
        error = load_gzip(bytes, len_bytes, why);
    else
        error = load_archive(bytes, len_bytes, why);
    if (!error)
        vnode_set_root(&ramdisk_root()->vnode);
    return error;
}
