/* SPDX-License-Identifier: MIT
 *
 * The rules of POSIX's permissions, as functions of numbers alone.
 * Source: POSIX.1-2017, 4.5 File Access Permissions; capabilities(7) for what root's powers are.
 */
#include "fs/cred.h"

#include "fs/vnode.h"
#include "include/uapi/errno.h"

#define EXEC_BITS 0111u

bool cred_in_group(const struct cred *c, uint32_t gid)
{
    if (gid == (c ? c->fsgid : 0))
        return true;
    for (unsigned i = 0; c && i < c->ngroups; i++)
        if (c->group[i] == gid)
            return true;
    return false;
}

/* The three bits of the class that c is in. */
static unsigned bits_for(const struct cred *c, uint32_t mode, uint32_t uid, uint32_t gid)
{
    if (c->fsuid == uid)
        return mode >> 6 & 7;
    return (cred_in_group(c, gid) ? mode >> 3 : mode) & 7;
}

int cred_may(const struct cred *c, uint32_t mode, uint32_t uid, uint32_t gid, unsigned want)
{
    bool is_dir = (mode & S_IFMT) == S_IFDIR;

    if (c && !(want & ~bits_for(c, mode, uid, gid)))
        return 0;
    if (cred_capable(c, CAP_DAC_OVERRIDE) && (is_dir || !(want & MAY_EXEC) || mode & EXEC_BITS))
        return 0;
    if (cred_capable(c, CAP_DAC_READ_SEARCH) && (is_dir ? !(want & MAY_WRITE) : want == MAY_READ))
        return 0;
    return -EACCES;
}

void cred_exec_ids(const struct cred *c, uint32_t mode, uint32_t uid, uint32_t gid,
                   struct cred_exec *ids)
{
    bool honoured = !c || !c->no_new_privs;

    *ids = (struct cred_exec){0};
    if (c)
        *ids = (struct cred_exec){c->uid, c->euid, c->gid, c->egid, false, false, false};
    if (honoured && mode & S_ISUID) {
        ids->euid = uid;
        ids->set_ids = true;
    }
    if (honoured && (mode & (S_ISGID | 0010)) == (S_ISGID | 0010)) {
        ids->egid = gid;
        ids->set_ids = true;
    }
    ids->secure = ids->uid != ids->euid || ids->gid != ids->egid;
}
