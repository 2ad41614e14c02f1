/* SPDX-License-Identifier: MIT
 *
 * From a file to an address space that is ready to run: proc/exec.c then only has to step in. What
 * can be refused is refused before anything is allocated, with one line in the log that says why.
 */
#ifndef LOADER_EXEC_H
#define LOADER_EXEC_H

#include "fs/cred.h"
#include "fs/vnode.h"
#include "loader/args.h"
#include "mm/as.h"

struct exec_image {
    struct as *as;     /* with one user, the caller's from now on */
    struct vnode *exe; /* the ELF file (of a script: its interpreter), with a reference;
                          it runs: vnode_run_begin */
    uint32_t entry;    /* of the program or, if it has one, its PT_INTERP; bit 0: Thumb */
    vaddr_t sp;
    struct cred_exec ids; /* the caller's, or the program's where it has set-id bits */
};

/* Loads v, or the interpreter that it names. args are copied already; nothing of the caller's
 * address space is touched. May sleep. -EACCES, -ENOEXEC, -ELIBBAD, -ENOENT (an interpreter),
 * -ELOOP, -ENOMEM, -ETXTBSY, -EIO. */
int __must_check exec_load(struct vnode *v, const struct exec_args *args, struct exec_image *out);

#endif
