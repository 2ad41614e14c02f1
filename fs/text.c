/* SPDX-License-Identifier: MIT
 *
 * Text files: a buffer that grows frame by frame, filled once at open. An index page names the
 * frames, so a text has at most PAGES_MAX of them (4 MiB less a little); beyond that, or without
 * memory, it is marked short and its reader gets -ENOMEM at the end.
 * Locks: none of its own: one thread fills it at open, readers hold the file's lock.
 */
#include "fs/text.h"

#include <stdarg.h>
#include <string.h>

#include "include/uapi/errno.h"
#include "lib/fmt.h"
#include "mm/frame.h"
#include "mm/pageout.h"

#define PAGES_MAX     1020u
#define LINE_BYTES    256
#define PREEMPT_BYTES 256u /* text printed between two preemption points */

struct text {
    size_t size;     /* bytes printed */
    uint32_t npages; /* frames held */
    bool lost;       /* something did not fit */
    bool frozen;     /* neither allocates nor gives the CPU away */
    pfn_t page[PAGES_MAX];
};

_Static_assert(sizeof(struct text) <= PAGE_SIZE, "a text's index is one page");

/* One frame more; kernel memory that users ask for leaves the reserve alone. */
static bool text_grow(struct text *t)
{
    pfn_t pfn = NO_PFN;

    if (t->npages < PAGES_MAX)
        pfn = pageout_frame();
    if (pfn == NO_PFN)
        return false;
    t->page[t->npages++] = pfn;
    return true;
}

bool text_freeze(struct text *t, size_t room)
{
    while ((size_t)t->npages * PAGE_SIZE - t->size < room)
        if (!text_grow(t))
            return false;
    t->frozen = true;
    return true;
}

void text_thaw(struct text *t)
{
    t->frozen = false;
}

void text_write(struct text *t, const char *s, size_t n)
{
    while (n > 0 && !t->lost) {
        size_t offset = t->size & PAGE_MASK;
        size_t part = MIN(n, PAGE_SIZE - offset);

        if (t->size >> PAGE_SHIFT == t->npages && (t->frozen || !text_grow(t))) {
            t->lost = true;
            return;
        }
        memcpy((char *)pfn_to_virt(t->page[t->size >> PAGE_SHIFT]) + offset, s, part);
        if (!t->frozen && (t->size ^ (t->size + part)) >= PREEMPT_BYTES)
            preempt_point();
        t->size += part;
        s += part;
        n -= part;
    }
}

void text_printf(struct text *t, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list ap;
    int n;

    va_start(ap, format);
    n = fmt_vsnprint(line, sizeof(line), format, ap);
    va_end(ap);
    if (n > 0)
        text_write(t, line, MIN((size_t)n, sizeof(line) - 1));
}

int text_open(struct file *f, void (*generate)(struct text *t, void *arg), void *arg)
{
    pfn_t index = pageout_frame();
    struct text *t;

    if (index == NO_PFN)
        return -ENOMEM;
    t = pfn_to_virt(index);
    memset(t, 0, sizeof(*t));
    f->data = t;
    generate(t, arg);
    f->frames = 1 + t->npages;
    return 0;
}

int text_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len)
{
    const struct text *t = f->data;
    size_t done = 0;

    if (pos >= t->size && t->lost && len > 0)
        return -ENOMEM;
    while (done < len && pos + done < t->size && !thread_interrupted()) {
        size_t at = (size_t)pos + done;
        size_t n = MIN(MIN(len - done, t->size - at), PAGE_SIZE - (at & PAGE_MASK));
        char *from = (char *)pfn_to_virt(t->page[at >> PAGE_SHIFT]) + (at & PAGE_MASK);
        size_t copied = file_copy_out(ubuf + done, from, n);

        done += copied;
        if (copied < n)
            return done ? (int)done : -EFAULT;
        preempt_point();
    }
    return (int)done;
}

void text_close(struct file *f)
{
    struct text *t = f->data;

    for (uint32_t i = 0; i < t->npages; i++)
        frame_free(t->page[i]);
    frame_free(virt_to_pfn(t));
    f->data = NULL;
}
