/* SPDX-License-Identifier: MIT
 *
 * The arguments and the environment of a program on their way through exec: copied out of the old
 * address space into kernel frames before anything else, one string behind the other, each with
 * its NUL. Strings and their pointers may take a quarter of RLIMIT_STACK, and EXEC_ARG_LEAST
 * always; what is beyond EXEC_ARG_LEAST in all programs together an eighth of memory.
 * Belongs to the thread that execs; no locks. Source: execve(2) of Linux, "Limits on size".
 */
#ifndef LOADER_ARGS_H
#define LOADER_ARGS_H

#include "mm/as.h"
#include "mm/units.h"

#define EXEC_ARG_PAGES  32u
#define EXEC_ARG_MORE   (PAGE_SIZE / sizeof(char *)) /* pages beyond these */
#define EXEC_ARG_LEAST  (EXEC_ARG_PAGES << PAGE_SHIFT)
#define EXEC_ARG_MOST   (EXEC_ARG_MORE << PAGE_SHIFT)
#define EXEC_STRING_MAX (32u << PAGE_SHIFT) /* bytes of one string, with NUL */

struct vnode;

struct exec_args {
    const char *path;               /* as the caller named the program */
    struct vnode *cwd;              /* borrowed; for interpreters with a relative name */
    uint32_t argc, envc;            /* argc >= 1 once copied */
    uint32_t bytes;                 /* strings, all */
    uint32_t arg_bytes;             /* of that the arguments, which come first */
    const struct as_limits *limits; /* borrowed; of the new address space */
    uint32_t most;                  /* bytes of strings and pointers that there may be */
    uint32_t nmore;                 /* frames beyond page[] */
    uint32_t *held;                 /* borrowed, atomic: counts these, too; or NULL */
    char *page[EXEC_ARG_PAGES];
    char **more; /* further ones, in a frame */
};

/* Fills *a, whose path, cwd and limits are set and all else is 0. A NULL vector is an empty one; an
 * empty argv becomes one empty string. May sleep. -E2BIG: also more than the stack may have;
 * -EFAULT, -ENOMEM: call exec_args_free, too. */
int __must_check exec_args_from_user(struct exec_args *a, vaddr_t argv, vaddr_t envp);
int __must_check exec_args_from_kernel(struct exec_args *a, const char *const argv[],
                                       const char *const envp[]);
void exec_args_free(struct exec_args *a);

/* The bytes from offset on that lie in one piece: their address, and how many up to `end`. */
const char *exec_args_piece(const struct exec_args *a, uint32_t offset, uint32_t end, size_t *n);
/* Offset of the string behind the one at offset. */
uint32_t exec_args_next(const struct exec_args *a, uint32_t offset);

#endif
