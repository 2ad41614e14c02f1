/* SPDX-License-Identifier: MIT
 *
 * What the file system needs of other layers on the host: user memory is the test's own, and a copy
 * that must not fault fails now and then, as if the page had to be brought; time that never stands
 * still; no devices.
 */
#include "tests/host/fake_files.h"

#include <string.h>
#include <unistd.h>

#include "fs/file.h"
#include "include/uapi/errno.h"
#include "kern/clock.h"
#include "kern/random.h"
#include "mm/uaccess.h"

unsigned fake_faults;
size_t fake_fault_bytes;

static const struct vnode_ops no_ops;

/* One in fake_faults copies. */
static bool faults(size_t len)
{
    static unsigned copies;

    return fake_faults && (!fake_fault_bytes || len == fake_fault_bytes) &&
           __atomic_add_fetch(&copies, 1, __ATOMIC_RELAXED) % fake_faults == 0;
}

/* Bringing a page takes a while: others come in between. */
int copy_from_user(void *to, vaddr_t from, size_t len)
{
    if (fake_fault_bytes == len)
        usleep(50);
    memcpy(to, (const void *)from, len);
    return 0;
}

int copy_to_user(vaddr_t to, const void *from, size_t len)
{
    memcpy((void *)to, from, len);
    return 0;
}

int put_user32(vaddr_t to, uint32_t value)
{
    return copy_to_user(to, &value, sizeof(value));
}

int clear_user(vaddr_t to, size_t len)
{
    memset((void *)to, 0, len);
    return 0;
}

int copy_from_user_nofault(void *to, vaddr_t from, size_t len)
{
    if (faults(len))
        return -EFAULT;
    memcpy(to, (const void *)from, len);
    return 0;
}

int copy_to_user_nofault(vaddr_t to, const void *from, size_t len)
{
    return faults(len) ? -EFAULT : copy_to_user(to, from, len);
}

int clear_user_nofault(vaddr_t to, size_t len)
{
    return faults(len) ? -EFAULT : clear_user(to, len);
}

uint32_t random_u32(void)
{
    return 0x1234567;
}

uint64_t clock_epoch_ns(void)
{
    return 0;
}

const struct vnode_ops *device_ops(uint32_t mode, uint32_t rdev)
{
    (void)mode;
    (void)rdev;
    return &no_ops;
}

void fake_files(uint32_t nframes)
{
    struct vnode *root;

    fake_machine(nframes);
    if (tmpfs_init() || tmpfs_make_root(&tmpfs_root_fs, &root))
        panic("no memory for a root");
    tmpfs_set_limit();
    vnode_set_root(root);
}

bool thread_signalled(void)
{
    return false;
}
