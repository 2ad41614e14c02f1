/* SPDX-License-Identifier: MIT
 *
 * The ramdisk's tree: a read-only file system whose nodes are all in memory. Nodes are numbered in
 * a table of pages, so that a position in a directory is the number of a node, which is checked
 * before it is believed; names are found by a hash of directory and name.
 * Locks: none: constant after boot.
 */
#include "fs/ramdisk_impl.h"

#include <string.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "lib/hash.h"
#include "mm/slab.h"

#define NODES_PER_CHUNK (PAGE_SIZE / sizeof(struct rnode))
#define CHUNKS_MAX      (PAGE_SIZE / sizeof(struct rnode *))
#define HASH_BITS       9
#define DIRECTORY_END   (1ull << 32) /* a position behind every node's number */

static struct {
    struct rnode **chunk;  /* CHUNKS_MAX of them, each of NODES_PER_CHUNK nodes */
    struct rnode **bucket; /* 1 << HASH_BITS */
    uint32_t count;        /* nodes */
    char *strings;         /* the page that strings are cut from, */
    size_t strings_used;   /* and how much of it is gone, bytes */
} rd;

static const struct vnode_ops dir_ops, file_ops, link_ops;
static const struct obj_ops contents_ops;

static struct rnode *rnode_of(const struct vnode *v)
{
    return container_of(v, struct rnode, vnode);
}

/* The node of that number, or NULL. */
static struct rnode *node_at(uint64_t number)
{
    uint32_t i = (uint32_t)number - 1;

    if (number == 0 || number > rd.count)
        return NULL;
    return &rd.chunk[i / NODES_PER_CHUNK][i % NODES_PER_CHUNK];
}

static const struct vnode_ops *ops_of(uint32_t mode)
{
    if ((mode & S_IFMT) == S_IFDIR)
        return &dir_ops;
    return (mode & S_IFMT) == S_IFLNK ? &link_ops : &file_ops;
}

struct rnode *ramdisk_node(uint32_t mode, uint32_t mtime)
{
    struct rnode *n;
    uint32_t chunk = rd.count / NODES_PER_CHUNK;

    if (chunk == CHUNKS_MAX)
        return NULL;
    if (!rd.chunk[chunk])
        rd.chunk[chunk] = kmalloc(PAGE_SIZE);
    if (!rd.chunk[chunk])
        return NULL;
    n = &rd.chunk[chunk][rd.count++ % NODES_PER_CHUNK];
    n->vnode.ops = ops_of(mode);
    n->vnode.refs = 1;
    n->vnode.mode = mode;
    n->vnode.ino = rd.count;
    n->vnode.nlink = vnode_is(&n->vnode, S_IFDIR) ? 2 : 1;
    n->vnode.mtime = mtime;
    n->file = n;
    list_init(&n->children);
    if (vnode_is(&n->vnode, S_IFREG)) {
        obj_create(&n->obj, &contents_ops, n, 0);
        n->vnode.obj = &n->obj;
    }
    return n;
}

int ramdisk_init(void)
{
    struct rnode *root;

    memset(&rd, 0, sizeof(rd));
    rd.chunk = kmalloc(PAGE_SIZE);
    rd.bucket = kmalloc(sizeof(*rd.bucket) << HASH_BITS);
    if (!rd.chunk || !rd.bucket)
        return -ENOMEM;
    root = ramdisk_node(S_IFDIR | 0755, 0);
    if (!root)
        return -ENOMEM;
    root->name = "";
    root->vnode.parent = &root->vnode;
    return 0;
}

struct rnode *ramdisk_root(void)
{
    return node_at(1);
}

char *ramdisk_string(const void *bytes, size_t n)
{
    char *s;

    if (!rd.strings || PAGE_SIZE - rd.strings_used < n + 1) {
        rd.strings = kmalloc(PAGE_SIZE);
        rd.strings_used = 0;
    }
    if (!rd.strings)
        return NULL;
    s = rd.strings + rd.strings_used;
    memcpy(s, bytes, n);
    s[n] = '\0';
    rd.strings_used += n + 1;
    return s;
}

static struct rnode **bucket_of(const struct rnode *dir, const char *name, size_t n)
{
    uint32_t key = dir->vnode.ino;

    for (size_t i = 0; i < n; i++)
        key = key * 31 + (uint8_t)name[i];
    return &rd.bucket[hash_u32(key, HASH_BITS)];
}

struct rnode *ramdisk_find(const struct rnode *dir, const char *name, size_t n)
{
    struct rnode *r = *bucket_of(dir, name, n);

    while (r && (r->vnode.parent != &dir->vnode || memcmp(r->name, name, n) != 0 || r->name[n]))
        r = r->hash_next;
    return r;
}

void ramdisk_enter(struct rnode *dir, struct rnode *n)
{
    struct rnode **bucket = bucket_of(dir, n->name, strlen(n->name));

    n->vnode.parent = &dir->vnode;
    n->hash_next = *bucket;
    *bucket = n;
    list_push_back(&dir->children, &n->sibling);
    if (vnode_is(&n->vnode, S_IFDIR))
        dir->vnode.nlink++;
}

void ramdisk_remove(struct rnode *n)
{
    struct rnode *dir = rnode_of(n->vnode.parent);
    struct rnode **at = bucket_of(dir, n->name, strlen(n->name));

    while (*at != n)
        at = &(*at)->hash_next;
    *at = n->hash_next;
    list_remove(&n->sibling);
    n->file->vnode.nlink--;
    if (vnode_is(&n->vnode, S_IFDIR))
        dir->vnode.nlink--;
}

static int dir_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct rnode *n = ramdisk_find(rnode_of(dir), name, strlen(name));

    if (!n)
        return -ENOENT;
    *found = vnode_ref(&n->file->vnode);
    return 0;
}

/* Positions: 0, then the number of the node that comes next. */
static int dir_readdir(struct vnode *dir, uint64_t *pos, struct dirent_info *entry)
{
    struct list *children = &rnode_of(dir)->children;
    struct list_link *link = NULL;
    struct rnode *n;

    if (*pos == 0) {
        link = list_first(children);
    } else {
        n = node_at(*pos);
        if (n && n->vnode.parent == dir && list_linked(&n->sibling))
            link = &n->sibling;
    }
    if (!link)
        return 0;
    n = container_of(link, struct rnode, sibling);
    strcpy(entry->name, n->name);
    entry->ino = n->file->vnode.ino;
    entry->mode = n->file->vnode.mode;
    *pos = DIRECTORY_END;
    if (link->next != &children->head)
        *pos = container_of(link->next, struct rnode, sibling)->vnode.ino;
    return 1;
}

static int link_readlink(struct vnode *v, char *buf, size_t size)
{
    const struct rnode *n = rnode_of(v);
    size_t len = MIN((size_t)n->size, size);

    memcpy(buf, n->data, len);
    return (int)len;
}

/* A page that could not be taken as it lies: a copy of the archive's bytes. */
static int contents_fill(struct obj *o, uint32_t page, void *frame_bytes)
{
    const struct rnode *n = o->data;
    uint32_t offset = page << PAGE_SHIFT;
    uint32_t len = MIN(n->size - offset, PAGE_SIZE);

    memcpy(frame_bytes, n->data + offset, len);
    memset((char *)frame_bytes + len, 0, PAGE_SIZE - len);
    return 0;
}

struct vnode *vnode_of_obj(const struct obj *o)
{
    return o->ops == &contents_ops ? &((struct rnode *)o->data)->vnode : NULL;
}

static const struct vnode_ops dir_ops = {.lookup = dir_lookup, .readdir = dir_readdir};
static const struct vnode_ops file_ops = {0};
static const struct vnode_ops link_ops = {.readlink = link_readlink};
static const struct obj_ops contents_ops = {.fill = contents_fill};
