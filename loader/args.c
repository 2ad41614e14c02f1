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
#include "mm/uaccess.h"

/* Where the next byte goes, and how much room there is in one piece; makes a frame if need be. */
static int room(struct exec_args *a, char **to, size_t *n)
{
    uint32_t i = a->bytes >> PAGE_SHIFT, offset = a->bytes & PAGE_MASK;
    pfn_t pfn;

    if (a->bytes + (a->argc + a->envc) * sizeof(uint32_t) >= EXEC_ARG_MAX)
        return -E2BIG;
    if (!a->page[i]) {
        pfn = pageout_frame();
        if (pfn == NO_PFN)
            return -ENOMEM;
        a->page[i] = pfn_to_virt(pfn);
    }
    *to = a->page[i] + offset;
    *n = PAGE_SIZE - offset;
    return 0;
}

/* The string at s does not fit into one frame's rest. */
static int append_long(struct exec_args *a, vaddr_t s)
{
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
        if (end)
            return 0;
        s += n;
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
    int error = append_vector(a, argv, &a->argc);

    if (!error)
        error = end_args(a);
    if (!error)
        error = append_vector(a, envp, &a->envc);
    return error;
}

int exec_args_from_kernel(struct exec_args *a, const char *const argv[], const char *const envp[])
{
    int error = 0;

    for (; !error && argv[a->argc]; a->argc++)
        error = append_kernel(a, argv[a->argc]);
    if (!error)
        error = end_args(a);
    for (; !error && envp[a->envc]; a->envc++)
        error = append_kernel(a, envp[a->envc]);
    return error;
}

void exec_args_free(struct exec_args *a)
{
    for (unsigned i = 0; i < EXEC_ARG_PAGES && a->page[i]; i++) {
        frame_free(virt_to_pfn(a->page[i]));
        a->page[i] = NULL;
    }
}

const char *exec_args_piece(const struct exec_args *a, uint32_t offset, uint32_t end, size_t *n)
{
    *n = MIN(end - offset, PAGE_SIZE - (offset & PAGE_MASK));
    return a->page[offset >> PAGE_SHIFT] + (offset & PAGE_MASK);
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
