/* SPDX-License-Identifier: MIT
 *
 * The walk along a path, component by component, for vnode.c and names.c. The namespace's lock is
 * held from walk_start to walk_end.
 */
#ifndef FS_WALK_H
#define FS_WALK_H

#include "fs/vnode.h"

/* A resolution on its way. */
struct walk {
    struct vnode *at;  /* where it is; kept by the lock, or by a reference: */
    struct vnode *top; /* (c) the caller's root directory: no way leads above it */
    bool owned;
    bool slash;              /* the last component is followed by one */
    uint8_t links;           /* met so far */
    const char *rest;        /* what is still to be resolved */
    char *buf;               /* of PATH_MAX bytes, holds rest once a link was met; or NULL */
    const struct cred *cred; /* the caller's; NULL: may search everything */
    struct name last;        /* the component at hand; part of rest's string */
};

/* What a component is. */
enum component { NAME_NONE, NAME_DOT, NAME_DOTDOT, NAME_PLAIN };

void name_seed(uint32_t seed); /* once, before the first hash */
/* The name with its hash. */
struct name name_of(const char *text, size_t len);
bool name_is(const struct name *n, const char *text);
enum component name_kind(const struct name *n);

/* 0 or -ENOENT: the path is empty. */
int __must_check walk_start(struct walk *w, struct vnode *cwd, const char *path);
void walk_end(struct walk *w);
/* Goes to the directory of the last component, which is w->last then (len 0: the path ends at
 * w->at: "/"). */
int __must_check walk_parent(struct walk *w);
/* All the way; follow: the last link, too. The result is w->at. */
int __must_check walk_all(struct walk *w, bool follow);
/* The last component in w->at, as it stands there: *child, with a reference if *owned. */
int __must_check walk_child(struct walk *w, struct vnode **child, bool *owned);
/* Continues at child's target, a symbolic link's: the rest of the path begins with it. */
int __must_check walk_link(struct walk *w, struct vnode *link);
/* w->at becomes v, with its reference if owned. */
void walk_to(struct walk *w, struct vnode *v, bool owned);

#endif
