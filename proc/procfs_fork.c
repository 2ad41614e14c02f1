/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/fork: how the process forks, and what it forks: "share" (copy-on-write) or "copy"
 * (anticipatory copying); either word can be written. The kernel's option fork=copy lets init begin
 * with "copy".
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "proc/cred.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"

#define WORD_MAX 16u

void procfs_pid_fork(struct text *t, struct proc *p)
{
    text_printf(t, "%s\n", p->fork_copies ? "copy" : "share");
}

static int fork_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    char word[WORD_MAX];
    int error = procfs_command(word, sizeof(word), ubuf, len);
    struct proc *p;

    (void)pos;
    if (error)
        return error;
    for (size_t n = len; n && word[n - 1] == ' '; n--)
        word[n - 1] = '\0';
    if (strcmp(word, "copy") != 0 && strcmp(word, "share") != 0)
        return -EINVAL;
    p = pid_ref(procfs_pid_of(f));
    if (!p)
        return -ESRCH;
    error = cred_may_look(p); /* it may have become somebody else since the file was opened */
    if (!error)
        p->fork_copies = word[0] == 'c';
    proc_unref(p);
    return error ? error : (int)len;
}

const struct vnode_ops procfs_pid_fork_ops = {
    .open = procfs_open, .read = text_read, .write = fork_write, .close = text_close};
