/* SPDX-License-Identifier: MIT
 *
 * Arguments on their way through exec. A string that fits into what is left of a frame is copied at
 * one go; a longer one in pieces that end with a frame or with a page of the user's.
 */
#include "loader/args.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/lock.h"
#include "mm/frame.h"
#include "mm/pageout.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define MORE_PART 8u /* of memory, for frames beyond those that every program may have */

static uint32_t more_frames; /* atomic */

static void begin(struct exec_args *a)
{
    uint64_t stack = (uint64_t)a->limits->stack << PAGE_SHIFT;
    uint64_t most = MAX(stack / 4, (uint64_t)EXEC_ARG_LEAST);

    a->most = (uint32_t)MIN(most, (uint64_t)EXEC_ARG_MOST);
}

/* Where the address of the i-th frame stands. */
static char **frame_at(struct exec_args *a, uint32_t i)
{
    return likely(i < EXEC_ARG_PAGES) ? &a->page[i] : &a->more[i - EXEC_ARG_PAGES];
}

/* One that may be had beyond those that every program may have. */
static int count_more(struct exec_args *a)
{
    uint32_t n = __atomic_load_n(&more_frames, __ATOMIC_RELAXED);

    do {
        if (n >= frame_total() / MORE_PART)
            return -ENOMEM;
    } while (!__atomic_compare_exchange_n(&more_frames, &n, n + 1, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    a->nmore++;
    if (a->held)
        __atomic_fetch_add(a->held, 1, __ATOMIC_RELAXED);
    if (!a->more)
        a->more = kmalloc(PAGE_SIZE);
    return a->more ? 0 : -ENOMEM;
}

static int make_frame(struct exec_args *a, uint32_t i)
{
    int error = unlikely(i >= EXEC_ARG_PAGES) ? count_more(a) : 0;
    pfn_t pfn = error ? NO_PFN : pageout_frame();

    if (pfn == NO_PFN)
        return -ENOMEM;
    *frame_at(a, i) = pfn_to_virt(pfn);
    return 0;
}

/* Where the next byte goes, and how much room there is in one piece; makes a frame if need be. */
static int room(struct exec_args *a, char **to, size_t *n)
{
    uint32_t i = a->bytes >> PAGE_SHIFT, offset = a->bytes & PAGE_MASK;
    int error = 0;

    if (a->bytes + (a->argc + a->envc) * sizeof(uint32_t) >= a->most ||
        i >= MAX(a->limits->stack, 1u))
        return -E2BIG;
    if (i < EXEC_ARG_PAGES ? !a->page[i] : i - EXEC_ARG_PAGES >= a->nmore)
        error = make_frame(a, i);
    if (error)
        return error;
    *to = *frame_at(a, i) + offset;
    *n = PAGE_SIZE - offset;
    return 0;
}

/* The string at s does not fit into one frame's rest. */
static int append_long(struct exec_args *a, vaddr_t s)
{
    uint32_t start = a->bytes;

    for (;;) {
        const char *end;
        char *to;
        size_t n;
        int error = room(a, &to, &n);

        n = MIN(n, PAGE_SIZE - (s & PAGE_MASK));
        if (!error)
            error = copy_from_user(to, s, n);
        if (error)
            return error;
        end = memchr(to, '\0', n);
        a->bytes += end ? (uint32_t)(end - to) + 1 : n;
        if (a->bytes - start > EXEC_STRING_MAX)
            return -E2BIG;
        if (end)
            return 0;
        s += n;
        preempt_point();
    }
}

static int append_user(struct exec_args *a, vaddr_t s)
{
    char *to;
    size_t n;
    int result = room(a, &to, &n);

    if (result)
        return result;
    result = copy_string_from_user(to, s, n);
    if (result == -ENAMETOOLONG)
        return append_long(a, s);
    if (result < 0)
        return result;
    a->bytes += (uint32_t)result + 1;
    return 0;
}

static int append_kernel(struct exec_args *a, const char *s)
{
    size_t left = strlen(s) + 1, n;
    char *to;

    while (left) {
        int error = room(a, &to, &n);

        if (error)
            return error;
        n = MIN(n, left);
        memcpy(to, s, n);
        a->bytes += n;
        s += n;
        left -= n;
    }
    return 0;
}

static int append_vector(struct exec_args *a, vaddr_t vector, uint32_t *count)
{
    for (; vector; vector += sizeof(uint32_t)) {
        uint32_t s;
        int error = get_user32(&s, vector);

        if (!error && s == 0)
            break;
        if (!error)
            error = append_user(a, s);
        if (error)
            return error;
        ++*count;
        preempt_point();
    }
    return 0;
}

/* The arguments are there. */
static int end_args(struct exec_args *a)
{
    int error = 0;

    if (a->argc == 0) {
        error = append_kernel(a, "");
        a->argc = 1;
    }
    a->arg_bytes = a->bytes;
    return error;
}

int exec_args_from_user(struct exec_args *a, vaddr_t argv, vaddr_t envp)
{
    int error;

    begin(a);
    error = append_vector(a, argv, &a->argc);
    if (!error)
        error = end_args(a);
    if (!error)
        error = append_vector(a, envp, &a->envc);
    return error;
}

int exec_args_from_kernel(struct exec_args *a, const char *const argv[], const char *const envp[])
{
    int error = 0;

    begin(a);
    for (; !error && argv[a->argc]; a->argc++)
        error = append_kernel(a, argv[a->argc]);
    if (!error)
        error = end_args(a);
    for (; !error && envp[a->envc]; a->envc++)
        error = append_kernel(a, envp[a->envc]);
    return error;
}

static __noinline void free_more(struct exec_args *a)
{
    for (uint32_t i = 0; a->more && i < a->nmore && a->more[i]; i++) {
        frame_free(virt_to_pfn(a->more[i]));
        preempt_point();
    }
    kfree(a->more);
    a->more = NULL;
    __atomic_fetch_sub(&more_frames, a->nmore, __ATOMIC_RELAXED);
    if (a->held)
        __atomic_fetch_sub(a->held, a->nmore, __ATOMIC_RELAXED);
    a->nmore = 0;
}

void exec_args_free(struct exec_args *a)
{
    for (uint32_t i = 0; i < EXEC_ARG_PAGES && a->page[i]; i++) {
        frame_free(virt_to_pfn(a->page[i]));
        a->page[i] = NULL;
    }
    if (unlikely(a->nmore))
        free_more(a);
}

const char *exec_args_piece(const struct exec_args *a, uint32_t offset, uint32_t end, size_t *n)
{
    uint32_t i = offset >> PAGE_SHIFT;

    *n = MIN(end - offset, PAGE_SIZE - (offset & PAGE_MASK));
    return (i < EXEC_ARG_PAGES ? a->page[i] : a->more[i - EXEC_ARG_PAGES]) + (offset & PAGE_MASK);
}

uint32_t exec_args_next(const struct exec_args *a, uint32_t offset)
{
    const char *piece, *end;
    size_t n;

    do {
        piece = exec_args_piece(a, offset, a->bytes, &n);
        end = memchr(piece, '\0', n);
        offset += end ? (uint32_t)(end - piece) + 1 : n;
    } while (!end);
    return offset;
}
