/* SPDX-License-Identifier: MIT
 *
 * Writing a new program's stack from its lowest word up, through one frame as a buffer, so that
 * each page of the stack is entered once. Sizes are computed first; then nothing is looked at
 * twice.
 */
#include "loader/stack.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/random.h"
#include "mm/pageout.h"

enum auxv_type {
    AT_NULL = 0,
    AT_IGNORE = 1,
    AT_PHDR = 3,
    AT_PHENT = 4,
    AT_PHNUM = 5,
    AT_PAGESZ = 6,
    AT_BASE = 7,
    AT_FLAGS = 8,
    AT_ENTRY = 9,
    AT_UID = 11,
    AT_EUID = 12,
    AT_GID = 13,
    AT_EGID = 14,
    AT_PLATFORM = 15,
    AT_HWCAP = 16,
    AT_CLKTCK = 17,
    AT_SECURE = 23,
    AT_RANDOM = 25,
    AT_HWCAP2 = 26,
    AT_EXECFN = 31,
};

#define AUXV_PAIRS   19u
#define RANDOM_BYTES 16u
#define PHDR_BYTES   32u
#define CLOCK_TICKS  100u /* of times() a second */

/* Where everything goes. */
struct layout {
    uint32_t argc;
    vaddr_t sp, random, platform, execfn, args, env, end;
};

/* Bytes for the stack of as at `at` and above, gathered in a frame. */
struct writer {
    struct as *as;
    vaddr_t at;
    char *buf;
    uint32_t n;
    int error;
};

static void flush(struct writer *w)
{
    if (!w->error && w->n)
        w->error = as_poke(w->as, w->at, w->buf, w->n);
    w->at += w->n;
    w->n = 0;
}

static void put(struct writer *w, const void *bytes, size_t len)
{
    const char *from = bytes;

    while (len) {
        size_t n = MIN(len, PAGE_SIZE - w->n);

        memcpy(w->buf + w->n, from, n);
        w->n += n;
        from += n;
        len -= n;
        if (w->n == PAGE_SIZE)
            flush(w);
    }
}

/* Before any bytes: n is a multiple of 4. */
static inline void put_word(struct writer *w, uint32_t word)
{
    *(uint32_t *)(void *)(w->buf + w->n) = word;
    w->n += sizeof(word);
    if (unlikely(w->n == PAGE_SIZE))
        flush(w);
}

static inline void put_pair(struct writer *w, enum auxv_type type, uint32_t value)
{
    uint32_t *at = (uint32_t *)(void *)(w->buf + w->n);

    if (unlikely(w->n >= PAGE_SIZE - 2 * sizeof(*at))) {
        put_word(w, (uint32_t)type);
        put_word(w, value);
        return;
    }
    at[0] = (uint32_t)type;
    at[1] = value;
    w->n += 2 * sizeof(*at);
}

static void plan(const struct stack_spec *s, struct layout *l)
{
    const struct exec_args *a = s->args;
    uint32_t words;

    l->argc = s->prefix_count + a->argc - (s->skip_bytes ? 1 : 0);
    words = 1 + l->argc + 1 + a->envc + 1 + 2 * AUXV_PAIRS;
    l->end = s->top;
    l->env = l->end - (a->bytes - a->arg_bytes);
    l->args = l->env - (a->arg_bytes - s->skip_bytes) - s->prefix_bytes;
    l->execfn = l->args - (strlen(a->path) + 1);
    l->platform = l->execfn - sizeof(STACK_PLATFORM);
    l->random = ALIGN_DOWN(l->platform - RANDOM_BYTES, STACK_ALIGN);
    l->sp = ALIGN_DOWN(l->random - words * sizeof(uint32_t), STACK_ALIGN);
}

/* Pointers to the strings of args in [from, to), which lie in the stack from `at` on. */
static void put_pointers(struct writer *w, const struct exec_args *a, uint32_t from, uint32_t to,
                         vaddr_t at)
{
    for (uint32_t offset = from; offset < to; offset = exec_args_next(a, offset)) {
        put_word(w, at + (offset - from));
        preempt_point();
    }
    put_word(w, 0);
}

static void put_vectors(struct writer *w, const struct stack_spec *s, const struct layout *l)
{
    const struct exec_args *a = s->args;

    put_word(w, l->argc);
    for (uint32_t offset = 0; offset < s->prefix_bytes;
         offset += (uint32_t)strlen(s->prefix + offset) + 1)
        put_word(w, l->args + offset);
    put_pointers(w, a, s->skip_bytes, a->arg_bytes, l->args + s->prefix_bytes);
    put_pointers(w, a, a->arg_bytes, a->bytes, l->env);
}

static void put_auxv(struct writer *w, const struct stack_spec *s, const struct layout *l)
{
    put_pair(w, s->phdr ? AT_PHDR : AT_IGNORE, s->phdr);
    put_pair(w, AT_PHENT, PHDR_BYTES);
    put_pair(w, AT_PHNUM, s->phnum);
    put_pair(w, AT_PAGESZ, PAGE_SIZE);
    put_pair(w, AT_BASE, s->base);
    put_pair(w, AT_FLAGS, 0);
    put_pair(w, AT_ENTRY, s->entry);
    put_pair(w, AT_UID, s->ids->uid);
    put_pair(w, AT_EUID, s->ids->euid);
    put_pair(w, AT_GID, s->ids->gid);
    put_pair(w, AT_EGID, s->ids->egid);
    put_pair(w, AT_SECURE, s->ids->secure);
    put_pair(w, AT_HWCAP, STACK_HWCAP);
    put_pair(w, AT_HWCAP2, 0);
    put_pair(w, AT_CLKTCK, CLOCK_TICKS);
    put_pair(w, AT_RANDOM, l->random);
    put_pair(w, AT_EXECFN, l->execfn);
    put_pair(w, AT_PLATFORM, l->platform);
    put_pair(w, AT_NULL, 0);
}

static void put_args(struct writer *w, const struct exec_args *a, uint32_t from, uint32_t to)
{
    while (from < to) {
        size_t n;
        const char *piece = exec_args_piece(a, from, to, &n);

        put(w, piece, n);
        from += n;
        preempt_point();
    }
}

static void put_strings(struct writer *w, const struct stack_spec *s, const struct layout *l)
{
    uint32_t random[RANDOM_BYTES / 4];

    while (w->at + w->n < l->random)
        put_word(w, 0);
    random_fill(random, sizeof(random));
    put(w, random, sizeof(random));
    while (w->at + w->n < l->platform)
        put(w, "", 1);
    put(w, STACK_PLATFORM, sizeof(STACK_PLATFORM));
    put(w, s->args->path, strlen(s->args->path) + 1);
    put(w, s->prefix, s->prefix_bytes);
    put_args(w, s->args, s->skip_bytes, s->args->bytes);
    flush(w);
}

static int map_stack(struct as *as, const struct stack_spec *s, const struct layout *l)
{
    uint32_t npages = pages_of(s->top - l->sp) + STACK_SPARE_PAGES;
    struct map_request r = {.base = s->top - page_addr(npages),
                            .npages = npages,
                            .prot = s->prot,
                            .maxprot = PROT_READ | PROT_WRITE | PROT_EXEC,
                            .flags = SEG_GROWS,
                            .fixed = true,
                            .noreplace = true,
                            .ops = &seg_anon};
    vaddr_t where;

    as->stack_top = s->top;
    as->arg_start = l->args;
    as->arg_end = as->env_start = l->env;
    as->env_end = l->end;
    return as_map(as, &r, &where) ? -ENOMEM : 0;
}

/* Steps: compute where everything goes; map it; write vectors, then strings. */
int stack_build(struct as *as, const struct stack_spec *spec, vaddr_t *sp)
{
    struct writer w = {.as = as};
    struct layout l;
    pfn_t buf;
    int error;

    plan(spec, &l);
    error = map_stack(as, spec, &l);
    if (error)
        return error;
    buf = pageout_frame();
    if (buf == NO_PFN)
        return -ENOMEM;
    w.buf = pfn_to_virt(buf);
    w.at = *sp = l.sp;
    put_vectors(&w, spec, &l);
    put_auxv(&w, spec, &l);
    put_strings(&w, spec, &l);
    frame_free(buf);
    return w.error;
}
