/* SPDX-License-Identifier: MIT
 *
 * Who calls, and how long its files may be: as a test sets it; by default root without limits.
 */
#include "tests/host/fake_cred.h"

#include "fs/limit.h"
#include "fs/vnode.h"

const struct cred *fake_cred;
uint64_t fake_file_size = UINT64_MAX;
unsigned fake_hits;

const struct cred *cred_current(void)
{
    return fake_cred;
}

struct vnode *vnode_top(void)
{
    return vnode_root();
}

uint64_t limit_file_size(void)
{
    return fake_file_size;
}

void limit_file_hit(void)
{
    fake_hits++;
}

int limit_watch_begin(uint32_t most, struct user **user)
{
    (void)most;
    *user = NULL;
    return 0;
}

void limit_watch_end(struct user *user)
{
    (void)user;
}
