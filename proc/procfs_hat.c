/* SPDX-License-Identifier: MIT
 *
 * /proc/hat: takes back what the hardware was told. Commands: flush (everything of all processes),
 * pageunload FRAME (a frame's translations, wherever it is mapped), pagesync FRAME (nothing; only
 * looks). The file shows how often that was, and what was found of the last frame. Frames are in
 * hexadecimal, as in /proc/PID/pt.
 */
#include <string.h>

#include "include/uapi/errno.h"
#include "mm/takeback.h"
#include "proc/pid.h"
#include "proc/procfs_impl.h"

#define COMMAND_MAX 64u

/* Changes while all stand still, or atomically; shown as it is at a moment. */
static struct {
    uint32_t flushes, unloads;
    pfn_t pfn;
    struct page_use use;
} state;

void procfs_hat(struct text *t, struct proc *p)
{
    (void)p;
    text_printf(t, "flushes %u\nunloads %u\n", (unsigned)state.flushes, (unsigned)state.unloads);
    if (state.pfn)
        text_printf(t, "frame %x: %u entries, %u loaded, %u writable, %s\n", (unsigned)state.pfn,
                    state.use.entries, state.use.loaded, state.use.writable,
                    state.use.dirty ? "dirty" : "clean");
}

static int flush(void)
{
    struct proc *p = pid_ref_next(0);

    while (p && !thread_interrupted()) {
        struct as *as = procfs_as(p);
        int pid = p->pid;

        if (as) {
            as_forget(as);
            as_unref(as);
        }
        proc_unref(p);
        p = pid_ref_next(pid);
    }
    if (p)
        proc_unref(p);
    __atomic_fetch_add(&state.flushes, 1, __ATOMIC_RELAXED);
    return 0;
}

/* Hexadecimal digits and then nothing but spaces. */
static bool parse_frame(const char *s, pfn_t *pfn)
{
    unsigned digits = 0;

    for (*pfn = 0; digits < 6; digits++, s++) {
        if (*s >= '0' && *s <= '9')
            *pfn = *pfn << 4 | (pfn_t)(*s - '0');
        else if (*s >= 'a' && *s <= 'f')
            *pfn = *pfn << 4 | (pfn_t)(*s - 'a' + 10);
        else
            break;
    }
    while (*s == ' ')
        s++;
    return digits && !*s;
}

struct job {
    pfn_t pfn;
    bool take_back;
    int error;
};

static void look(void *arg)
{
    struct job *j = arg;
    struct page_use use;

    j->error = page_probe(j->pfn, j->take_back, &use);
    if (j->error)
        return;
    state.pfn = j->pfn;
    state.use = use;
    state.unloads += j->take_back ? use.loaded : 0;
}

static int command(const char *line)
{
    static const char unload[] = "pageunload ", sync[] = "pagesync ";
    struct job j = {.take_back = strncmp(line, unload, sizeof(unload) - 1) == 0};

    if (strncmp(line, "flush", 5) == 0 && (!line[5] || line[5] == ' '))
        return flush();
    if (!j.take_back && strncmp(line, sync, sizeof(sync) - 1) != 0)
        return -EINVAL;
    if (!parse_frame(line + (j.take_back ? sizeof(unload) : sizeof(sync)) - 1, &j.pfn))
        return -EINVAL;
    procfs_stand_still(look, &j);
    return j.error;
}

static int hat_write(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    char line[COMMAND_MAX];
    int error = procfs_command(line, sizeof(line), ubuf, len);

    (void)f;
    (void)pos;
    if (!error)
        error = command(line);
    return error ? error : (int)len;
}

const struct vnode_ops procfs_hat_ops = {
    .open = procfs_open, .read = text_read, .write = hat_write, .close = text_close};
