/* SPDX-License-Identifier: MIT
 *
 * mount(2) and umount2(2), and syslog(2), which boot scripts and dmesg call. What Linux can do to
 * mounts and is not built (bind, move, shared propagation) is -ENOSYS. Locks: none of its own.
 */
#include <string.h>

#include "fs/file.h"
#include "fs/mount.h"
#include "kern/log.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/sys_impl.h"

#define MS_REMOUNT    0x20u
#define MS_NODIRATIME 0x800u
#define MS_BIND       0x1000u
#define MS_MOVE       0x2000u
#define MS_REC        0x4000u
#define MS_SILENT     0x8000u
#define MS_UNBINDABLE 0x20000u
#define MS_PRIVATE    0x40000u
#define MS_SLAVE      0x80000u
#define MS_SHARED     0x100000u
#define MS_MGC_MASK   0xffff0000u
#define MS_MGC_VAL    0xc0ed0000u

#define FS_KEPT    (FS_RDONLY | FS_NOSUID | FS_NODEV | FS_NOEXEC | FS_NOATIME)
#define TYPE_MAX   32u
#define SOURCE_MAX 64u

#define MNT_FORCE       1u
#define MNT_DETACH      2u
#define UMOUNT_NOFOLLOW 8u

enum syslog_action {
    SYSLOG_CLOSE = 0,
    SYSLOG_OPEN = 1,
    SYSLOG_READ_ALL = 3,
    SYSLOG_READ_CLEAR = 4,
    SYSLOG_CLEAR = 5,
    SYSLOG_SIZE_BUFFER = 10,
};

/* What mount(2) has in user memory besides the path. */
struct words {
    char type[TYPE_MAX], source[SOURCE_MAX];
    char options[PAGE_SIZE - TYPE_MAX - SOURCE_MAX];
};

/* A text that may be missing, and is cut where only part of it is kept. */
static int get_text(char *buf, vaddr_t utext, size_t size)
{
    int len = utext ? copy_string_from_user(buf, utext, size) : 0;

    if (len == -EFAULT)
        return len;
    buf[len >= 0 && utext ? (size_t)len : utext ? size - 1 : 0] = '\0';
    return 0;
}

static int get_words(struct words *w, vaddr_t usource, vaddr_t utype, vaddr_t uoptions)
{
    int error = get_text(w->type, utype, sizeof(w->type));

    if (!error)
        error = get_text(w->source, usource, sizeof(w->source));
    /* not every file system has texts there: what is no memory is none */
    if (!error && get_text(w->options, uoptions, sizeof(w->options)))
        w->options[0] = '\0';
    return error;
}

static long do_mount(const struct mount_request *r, uint32_t flags, bool typed)
{
    if (flags & MS_REMOUNT && !(flags & MS_BIND))
        return mount_change(r);
    if (flags & (MS_BIND | MS_MOVE | MS_SHARED | MS_UNBINDABLE | MS_SLAVE))
        return sys_enosys(0, 0, 0, 0);
    if (flags & MS_PRIVATE) /* as all of them are */
        return mount_find(r->cwd, r->path);
    return typed ? mount_add(r) : -EINVAL;
}

SYSCALL4(sys_mount, usource, upath, utype, flags)
{
    struct words *w = kmalloc(sizeof(*w));
    struct mount_request r = {0};
    struct path p;
    long error;

    if (!w)
        return -ENOMEM;
    if (!capable(CAP_SYS_ADMIN)) {
        kfree(w);
        return -EPERM;
    }
    if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
        flags &= ~MS_MGC_MASK;
    error = get_words(w, usource, utype, syscall_arg(5));
    if (!error)
        error = path_get(&p, upath);
    if (!error) {
        r.path = p.text;
        r.type = w->type;
        r.source = w->source;
        r.options = w->options;
        r.flags = flags & FS_KEPT;
        r.cwd = proc_cwd();
        error = do_mount(&r, flags, utype != 0);
        vnode_unref(r.cwd);
        path_put(&p);
    }
    kfree(w);
    return error;
}

SYSCALL2(sys_umount2, upath, flags)
{
    struct vnode *cwd;
    struct path p;
    int error;

    if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return flags & 4 ? sys_enosys(0, 0, 0, 0) : -EINVAL; /* MNT_EXPIRE */
    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    error = path_get(&p, upath);
    if (error)
        return error;
    cwd = proc_cwd();
    error = mount_remove(cwd, p.text, !(flags & UMOUNT_NOFOLLOW), flags & MNT_DETACH);
    vnode_unref(cwd);
    path_put(&p);
    return error;
}

SYSCALL1(sys_umount, upath)
{
    return sys_umount2(upath, 0, 0, 0);
}

static uint64_t log_cleared; /* atomic: position that the next reader of all begins at */

/* Positions of what the log holds beyond the last clearing. */
static void log_range(uint64_t *from, uint64_t *end)
{
    uint64_t pos = __atomic_load_n(&log_cleared, __ATOMIC_RELAXED);
    char chunk[128];
    size_t n = log_read(&pos, chunk, sizeof(chunk));

    *from = pos - n;
    while (n)
        n = log_read(&pos, chunk, sizeof(chunk));
    *end = pos;
}

/* The log's last len bytes: how many there were, or -EFAULT. */
static long log_copy(vaddr_t ubuf, size_t len, bool clear)
{
    uint64_t from, end;
    size_t done = 0, n = 0;
    char chunk[128];

    log_range(&from, &end);
    if (end - from > len)
        from = end - len;
    for (; from < end; done += n) {
        n = log_read(&from, chunk, MIN(sizeof(chunk), (size_t)(end - from)));
        if (n == 0 || done + n > len)
            break;
        if (copy_to_user(ubuf + done, chunk, n))
            return -EFAULT;
    }
    if (clear)
        __atomic_store_n(&log_cleared, end, __ATOMIC_RELAXED);
    return (long)done;
}

/* The log tells addresses of the kernel and of programs that were killed: it is root's, as
 * /proc/kmsg is, and as on Linux with dmesg_restrict. */
SYSCALL3(sys_syslog, action, ubuf, len)
{
    uint64_t from, end;

    if (!capable(CAP_SYS_ADMIN))
        return -EPERM;
    switch (action) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN: return 0; /* as on Linux */
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        if (!ubuf || (int32_t)len < 0)
            return -EINVAL;
        return log_copy(ubuf, len, action == SYSLOG_READ_CLEAR);
    case SYSLOG_CLEAR:
        log_range(&from, &end);
        __atomic_store_n(&log_cleared, end, __ATOMIC_RELAXED);
        return 0;
    case SYSLOG_SIZE_BUFFER: log_range(&from, &end); return (long)(end - from);
    default: return action > SYSLOG_SIZE_BUFFER ? -EINVAL : sys_enosys(0, 0, 0, 0);
    }
}
