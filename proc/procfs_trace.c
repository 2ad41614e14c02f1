/* SPDX-License-Identifier: MIT
 *
 * The trace's files: trace is text of the moment when it is opened; trace_control shows the state
 * and takes commands; trace_stream gives struct trace_record, each once: what is there at the first
 * read, then nothing (0), and so on with what came since. So a reader comes to an end even where
 * its own calls make records. What it was too slow for comes as TRACE_LOST.
 */
#include "include/uapi/errno.h"
#include "mm/slab.h"
#include "proc/procfs_impl.h"
#include "proc/trace_control.h"

#define COMMAND_MAX 256u
#define CHUNK       16u /* records copied at a time */

void procfs_trace(struct text *t, struct proc *p)
{
    (void)p;
    trace_print_records(t);
}

void procfs_trace_control(struct text *t, struct proc *p)
{
    (void)p;
    trace_print_control(t);
}

int procfs_command(char *line, size_t size, vaddr_t ubuf, size_t len)
{
    if (len >= size)
        return -EINVAL;
    if (file_copy_in(line, ubuf, len) < len)
        return -EFAULT;
    line[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (line[i] == '\n')
            line[i] = ' ';
    return 0;
}

static int control_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    char line[COMMAND_MAX];
    int error = procfs_command(line, sizeof(line), ubuf, len);

    (void)pos;
    if (!error)
        error = trace_command(f, line);
    return error ? error : (int)len;
}

static void control_close(struct file *f)
{
    trace_closed(f);
    text_close(f);
}

static int stream_open(struct file *f)
{
    f->data = kmalloc(sizeof(struct trace_stream));
    if (!f->data)
        return -ENOMEM;
    *(struct trace_stream *)f->data = (struct trace_stream){0};
    return 0;
}

/* The file's lock is held: one reader at a time. A chunk that the user's memory does not take is
 * given again. */
static int stream_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    struct trace_record chunk[CHUNK];
    struct trace_stream *s = f->data;
    size_t done = 0;
    unsigned max = CHUNK, n = CHUNK;

    (void)pos;
    if (len < sizeof(chunk[0]))
        return -EINVAL;
    while (n == max && len - done >= sizeof(chunk[0]) && !thread_interrupted()) {
        struct trace_stream before = *s;

        max = (unsigned)MIN((len - done) / sizeof(chunk[0]), CHUNK);
        n = trace_stream_read(s, chunk, max);
        if (file_copy_out(ubuf + done, chunk, n * sizeof(chunk[0])) < n * sizeof(chunk[0])) {
            *s = before;
            return done ? (int)done : -EFAULT;
        }
        done += n * sizeof(chunk[0]);
        preempt_point();
    }
    if (!done)
        s->looked = false;
    return (int)done;
}

static void stream_close(struct file *f)
{
    kfree(f->data);
}

const struct vnode_ops procfs_trace_control_ops = {
    .open = procfs_open, .read = text_read, .write = control_write, .close = control_close};
const struct vnode_ops procfs_trace_stream_ops = {
    .open = stream_open, .read = stream_read, .close = stream_close};
