/* SPDX-License-Identifier: MIT
 *
 * /proc/PID/refs: the process's reference string, as docs/REFERENCE-STRINGS.md defines the text;
 * the words of proc/refs_control.h can be written. A read from the start takes a picture of the
 * record; the text is made line by line as it is read, so that it takes no memory. The file keeps
 * the record that it saw last, which can be read when the process is gone. Locks: one for each open
 * file.
 */
#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "mm/slab.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"
#include "proc/refs_control.h"

#define COMMAND_MAX 128u

struct refs_file {
    struct mutex lock;     /* of all of it: pread takes none of the file's */
    struct refs *refs;     /* a holder, or NULL */
    struct refs_text text; /* of refs, if that is there */
    bool told;             /* else: the one line that says so was made */
    uint64_t pos;          /* of the line in the text */
    unsigned len;
    char line[REFS_LINE];
};

static void keep(struct refs_file *rf, struct refs *r)
{
    if (rf->refs)
        refs_put(rf->refs);
    rf->refs = r;
}

static int refs_open(struct file *f)
{
    struct proc *p = pid_ref(procfs_pid_of(f));
    struct refs_file *rf;

    if (!p)
        return -ESRCH;
    proc_unref(p);
    rf = kmalloc(sizeof(*rf));
    if (!rf)
        return -ENOMEM;
    mutex_init(&rf->lock);
    lock_classify(&rf->lock, LOCK_REFS_FILE);
    rf->refs = refs_of(procfs_pid_of(f));
    f->data = rf;
    return 0;
}

/* The text begins anew, of what the process has now or, if it is gone or has nothing, had. */
static void begin(struct refs_file *rf, int pid)
{
    struct refs *r = refs_of(pid);

    if (r)
        keep(rf, r);
    if (rf->refs)
        refs_text_begin(&rf->text, rf->refs);
    rf->told = false;
}

static unsigned next_line(struct refs_file *rf)
{
    if (rf->refs)
        return refs_text_line(&rf->text, rf->line);
    if (rf->told)
        return 0;
    rf->told = true;
    return (unsigned)fmt_snprint(rf->line, REFS_LINE,
                                 "# no record; write `start T_US [PAGES]' to make one\n");
}

/* Makes the line that pos is in; false: it is behind the end. */
static bool seek(struct refs_file *rf, uint64_t pos)
{
    if (pos < rf->pos) { /* the same picture again */
        rf->text.at = rf->text.step = 0;
        rf->told = false;
        rf->pos = rf->len = 0;
    }
    while (pos >= rf->pos + rf->len) {
        rf->pos += rf->len;
        rf->len = next_line(rf);
        if (!rf->len)
            return false;
        preempt_point();
    }
    return true;
}

static int copy_text(struct refs_file *rf, uint64_t pos, vaddr_t ubuf, size_t len)
{
    size_t done = 0;

    while (done < len && !thread_interrupted() && seek(rf, pos + done)) {
        size_t at = (size_t)(pos + done - rf->pos), n = MIN(len - done, rf->len - at);
        size_t copied = file_copy_out(ubuf + done, rf->line + at, n);

        done += copied;
        if (copied < n)
            return done ? (int)done : -EFAULT;
    }
    return (int)done;
}

static int refs_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct refs_file *rf = f->data;
    int n;

    mutex_lock(&rf->lock);
    if (pos == 0) {
        begin(rf, procfs_pid_of(f));
        rf->pos = rf->len = 0;
    }
    n = copy_text(rf, pos, ubuf, len);
    mutex_unlock(&rf->lock);
    return n;
}

static int refs_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct refs_file *rf = f->data;
    char line[COMMAND_MAX];
    struct refs *now = NULL;
    int error = procfs_command(line, sizeof(line), ubuf, len);

    (void)pos;
    if (!error)
        error = refs_command(procfs_pid_of(f), f, line, &now);
    if (error)
        return error;
    if (now) {
        mutex_lock(&rf->lock);
        keep(rf, now);
        refs_text_begin(&rf->text, now);
        rf->pos = rf->len = 0;
        mutex_unlock(&rf->lock);
    }
    return (int)len;
}

static void refs_close(struct file *f)
{
    struct refs_file *rf = f->data;

    refs_closed(procfs_pid_of(f), f);
    keep(rf, NULL);
    kfree(rf);
}

const struct vnode_ops procfs_refs_ops = {
    .open = refs_open, .read = refs_read, .write = refs_write, .close = refs_close};
