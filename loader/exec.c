/* SPDX-License-Identifier: MIT
 *
 * The loader. First the file is found out about: scripts are followed to their interpreter, at most
 * EXEC_LEVELS of them, and the ELF file is checked as a whole, from its first page, which stays
 * pinned meanwhile; so is the dynamic linker that its PT_INTERP names. Then a new address space is
 * built: a private mapping of the file for each segment, zero-filled memory for the rest of it, the
 * same for the linker, the heap's start, the stack. A failure half way leaves that address space:
 * nothing else was changed.
 * Where things go, as on Linux: a program at its own addresses, or from PIE_BASE on; its linker
 * right below mmap_top, as the first of all mappings; what is position-independent and has no
 * linker (a linker run as a command, which will load a program itself) there, too, with the heap at
 * PIE_BASE. Locks: none of its own; those of mm inside. The caller owns everything here.
 */
#include "loader/exec.h"

#include <string.h>

#include "fs/access.h"
#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/log.h"
#include "kern/random.h"
#include "loader/elf.h"
#include "loader/script.h"
#include "loader/stack.h"
#include "mm/obj.h"
#include "mm/slab.h"

#define EXEC_LEVELS  4u
#define PIE_BASE     0x400000u
#define RANDOM_PAGES 4096u /* 16 MiB */
#define PREFIX_BYTES 1024u
#define EXEC_BITS    0111u

/* An ELF file that is to be mapped. */
struct image {
    struct vnode *v; /* with a reference; NULL: there is none */
    vaddr_t bias;    /* what is added to the file's addresses */
    struct elf_image elf;
};

/* A load on its way. */
struct load {
    const struct exec_args *args;
    struct vnode *v; /* the file at hand, with a reference */
    pfn_t head_pfn;  /* its first page, pinned, or NO_PFN */
    const void *head;
    uint32_t head_len;
    unsigned levels; /* scripts met */
    const char *why; /* the reason of a refusal, or NULL: the errno says all */
    char *prefix;    /* of PREFIX_BYTES, what scripts put before the arguments, or NULL */
    uint32_t prefix_at, prefix_count; /* begins there, and ends with the buffer */
    struct image exe;
    struct image *interp; /* the program's dynamic linker, or NULL */
};

static int refuse(struct load *l, int error, const char *why)
{
    l->why = why;
    return error;
}

static void drop_head(struct load *l)
{
    if (l->head_pfn != NO_PFN)
        obj_put(l->head_pfn);
    l->head_pfn = NO_PFN;
    l->head_len = 0;
}

/* The first page of l->v, without copying it. */
static int pin_head(struct load *l)
{
    struct obj *o = l->v->obj;
    uint64_t size = o ? obj_size(o) : 0;
    int error;

    if (vnode_is(l->v, S_IFDIR))
        return refuse(l, -EACCES, "is a directory");
    if (!vnode_is(l->v, S_IFREG) || !o)
        return refuse(l, -EACCES, "is not a file that can be run");
    if (!(l->v->mode & EXEC_BITS))
        return refuse(l, -EACCES, "is not marked as executable");
    if (unlikely(cred_current()) && vnode_may(cred_current(), l->v, MAY_EXEC))
        return refuse(l, -EACCES, "may not be run by this user");
    if (vnode_fs_is(l->v, FS_NOEXEC))
        return refuse(l, -EACCES, "is where nothing may be run (noexec)");
    l->head_len = (uint32_t)MIN(size, (uint64_t)PAGE_SIZE);
    if (l->head_len == 0)
        return 0;
    error = obj_get(o, 0, &l->head_pfn, NULL);
    if (error)
        return refuse(l, error, "can't be read");
    l->head = pfn_to_virt(l->head_pfn);
    return 0;
}

/* Puts a string before those that are there. */
static int push_prefix(struct load *l, const char *s, size_t len)
{
    if (!l->prefix) {
        l->prefix = kmalloc(PREFIX_BYTES);
        l->prefix_at = PREFIX_BYTES;
    }
    if (!l->prefix)
        return -ENOMEM;
    if (len + 1 > l->prefix_at)
        return refuse(l, -E2BIG, "its interpreters' arguments are too long");
    l->prefix_at -= (uint32_t)len + 1;
    memcpy(l->prefix + l->prefix_at, s, len);
    l->prefix[l->prefix_at + len] = '\0';
    l->prefix_count++;
    return 0;
}

/* l->v is a script: l->v becomes its interpreter, and the arguments are led by the interpreter's
 * name, its argument and the path of the script. */
static int follow_script(struct load *l, const struct script *s)
{
    struct vnode *next;
    int error = 0;

    if (l->levels++ == EXEC_LEVELS)
        return refuse(l, -ELOOP, "too many interpreters run one another");
    if (l->levels == 1)
        error = push_prefix(l, l->args->path, strlen(l->args->path));
    if (!error && s->arg)
        error = push_prefix(l, s->arg, s->arg_len);
    if (!error)
        error = push_prefix(l, s->interp, s->interp_len);
    if (error)
        return error;
    error = vnode_lookup(l->args->cwd, l->prefix + l->prefix_at, true, &next);
    if (error)
        return refuse(l, error, "its interpreter is not found");
    drop_head(l);
    vnode_unref(l->v);
    l->v = next;
    return 0;
}

/* l->v, whose first page is at hand, becomes the image. */
static int check_elf(struct load *l, struct image *image)
{
    uint64_t limit = (uint64_t)as_commit_limit() << PAGE_SHIFT;
    enum elf_error e = elf_check(l->head, l->head_len, obj_size(l->v->obj), limit, &image->elf);

    if (e == ELF_NOT_AN_ELF && script_is_text(l->head, l->head_len))
        return -ENOEXEC; /* not worth a word: the shell runs it */
    if (e)
        return refuse(l, elf_errno(e), elf_strerror(e));
    image->v = vnode_ref(l->v);
    return 0;
}

/* Finds the ELF file behind l->v and checks it. Allocates nothing but a script's arguments. */
static int identify(struct load *l)
{
    struct script script;
    int error = 0;

    for (;;) {
        enum script_error e;

        error = pin_head(l);
        if (error)
            return error;
        e = script_parse(l->head, l->head_len, &script);
        if (e == SCRIPT_NOT_A_SCRIPT)
            return check_elf(l, &l->exe);
        if (e)
            return refuse(l, script_errno(e), script_strerror(e));
        error = follow_script(l, &script);
        if (error)
            return error;
    }
}

/* The file that the program's PT_INTERP names. */
static int find_interp(struct load *l)
{
    const struct elf_image *e = &l->exe.elf;
    char *path = kmalloc(e->interp_len);
    struct vnode *v = NULL;
    int error;

    if (!path)
        return -ENOMEM;
    error = vnode_read_kernel(l->exe.v, e->interp_offset, path, e->interp_len);
    if (error < 0)
        error = refuse(l, error, "can't be read");
    else if ((uint32_t)error < e->interp_len || path[e->interp_len - 1] != '\0')
        error = refuse(l, elf_errno(ELF_BAD_INTERP), elf_strerror(ELF_BAD_INTERP));
    else
        error = vnode_lookup(l->args->cwd, path, true, &v);
    kfree(path);
    if (!v)
        return l->why ? error : refuse(l, error, "its interpreter (PT_INTERP) is not found");
    drop_head(l);
    vnode_unref(l->v);
    l->v = v;
    return 0;
}

/* The program's dynamic linker, checked like a program. What it asks for as its own interpreter
 * does not matter. Errors are Linux's: only a file without a header is different. */
static int identify_interp(struct load *l)
{
    int error = find_interp(l);

    if (error)
        return error;
    error = pin_head(l);
    if (error)
        return refuse(l, error, "its interpreter can't be run");
    if (l->head_len < sizeof(struct elf32_header))
        return refuse(l, -EIO, "its interpreter is too short");
    l->interp = kmalloc(sizeof(*l->interp));
    error = l->interp ? check_elf(l, l->interp) : -ENOMEM;
    return error == -ENOEXEC ? -ELIBBAD : error;
}

/* noaslr on the command line, which never changes: looked for once. */
static bool has_aslr(void)
{
    static enum { UNKNOWN, ON, OFF } aslr;

    if (unlikely(aslr == UNKNOWN))
        aslr = bootargs_flag("noaslr") ? OFF : ON;
    return aslr == ON;
}

/* Takes up to n - 1 pages of chance out of *entropy; n is a power of two. */
static vaddr_t random_pages(uint32_t *entropy, uint32_t n)
{
    uint32_t pages = *entropy & (n - 1);

    *entropy /= n;
    return page_addr(pages);
}

/* The highest place below mmap_top, which nothing has been mapped to yet. */
static vaddr_t bias_below(const struct as *as, const struct elf_image *e)
{
    vaddr_t size = ALIGN_UP(e->high, (vaddr_t)PAGE_SIZE);

    return size <= as->mmap_top ? ALIGN_DOWN(as->mmap_top - size, e->align) : 0;
}

static void choose_layout(struct load *l, struct as *as, vaddr_t *stack_top)
{
    uint32_t stack = MIN(MAX(l->args->limits->stack, STACK_LIMIT_PAGES), STACK_ROOM_MOST);
    vaddr_t reserved = page_addr(stack + STACK_GUARD_PAGES + STACK_RANDOM_PAGES);
    uint32_t entropy = has_aslr() ? random_u32() : 0; /* 8 + 12 + 12 bits */

    *stack_top = USER_END - random_pages(&entropy, STACK_RANDOM_PAGES);
    as->mmap_top = USER_END - reserved - random_pages(&entropy, RANDOM_PAGES);
    if (l->exe.elf.type == ET_DYN && l->interp)
        l->exe.bias = ALIGN_UP(PIE_BASE + random_pages(&entropy, RANDOM_PAGES), l->exe.elf.align);
    else if (l->exe.elf.type == ET_DYN)
        l->exe.bias = bias_below(as, &l->exe.elf);
    if (l->interp && l->interp->elf.type == ET_DYN)
        l->interp->bias = bias_below(as, &l->interp->elf);
}

static prot_t prot_of(uint32_t flags)
{
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

/* Maps [base, end): of the file from obj_page on, or zero-filled memory if v is NULL. */
static int map_part(struct as *as, vaddr_t base, vaddr_t end, prot_t prot, struct vnode *v,
                    uint32_t obj_page)
{
    struct map_request r = {.base = base,
                            .npages = page_of(end - base),
                            .prot = prot,
                            .maxprot = PROT_READ | PROT_WRITE | PROT_EXEC,
                            .fixed = true,
                            .noreplace = true,
                            .ops = v ? &seg_vn : &seg_anon,
                            .obj = v ? v->obj : NULL,
                            .obj_page = obj_page};
    vaddr_t where;

    return base < end ? as_map(as, &r, &where) : 0;
}

/* One PT_LOAD: pages of the file, with zeroes behind its last byte, and zero-filled pages. */
static int map_load(const struct image *m, struct as *as, const struct elf_load *e)
{
    vaddr_t start = e->vaddr + m->bias, file_end = start + e->filesz, end = start + e->memsz;
    vaddr_t bss = e->filesz ? ALIGN_UP(file_end, (vaddr_t)PAGE_SIZE) : page_base(start);
    prot_t prot = prot_of(e->flags);
    int error = map_part(as, page_base(start), bss, prot, m->v, e->offset >> PAGE_SHIFT);

    if (!error)
        error = map_part(as, bss, ALIGN_UP(end, (vaddr_t)PAGE_SIZE), prot, NULL, 0);
    if (!error && e->filesz && e->memsz > e->filesz && file_end < bss)
        error = as_poke(as, file_end, pfn_to_virt(frame_zero_page()), bss - file_end);
    return error;
}

static int map_image(const struct image *m, struct as *as)
{
    int error = 0;

    /* elf_check saw that the file fits into user space from 0; that it does so above the base that
     * was chosen is our business. */
    if (m->elf.high > USER_END - m->bias || m->elf.low + m->bias < USER_MIN)
        return -ENOMEM;
    for (uint32_t i = 0; i < m->elf.nload && !error; i++)
        error = map_load(m, as, &m->elf.load[i]);
    return error;
}

/* Maps program and linker; the heap begins behind the program. */
static int map_images(const struct load *l, struct as *as)
{
    const struct image *m = &l->exe;
    bool on_top = m->elf.type == ET_DYN && !l->interp;
    int error = map_image(m, as);

    as->brk_start = as->brk =
        on_top ? PIE_BASE : ALIGN_UP(m->elf.high + m->bias, (vaddr_t)PAGE_SIZE);
    return error || !l->interp ? error : map_image(l->interp, as);
}

static int build_stack(const struct load *l, struct as *as, vaddr_t top, struct exec_image *out)
{
    const struct elf_image *e = &l->exe.elf;
    vaddr_t bias = l->exe.bias;
    struct stack_spec spec = {.args = l->args,
                              .prefix = l->prefix + l->prefix_at,
                              .prefix_bytes = l->prefix ? PREFIX_BYTES - l->prefix_at : 0,
                              .prefix_count = l->prefix_count,
                              .skip_bytes = l->prefix ? exec_args_next(l->args, 0) : 0,
                              .entry = e->entry + bias,
                              .phdr = e->phdr_vaddr ? e->phdr_vaddr + bias : 0,
                              .phnum = e->phnum,
                              .base = l->interp ? l->interp->bias : 0,
                              .top = top,
                              .ids = &out->ids,
                              .prot = PROT_READ | PROT_WRITE | (e->stack_exec ? PROT_EXEC : 0)};

    return stack_build(as, &spec, &out->sp);
}

static void choose_ids(struct vnode *v, struct cred_exec *ids)
{
    const struct cred *c = cred_current();
    struct vnode_owner o = vnode_owner(v);

    *ids = (struct cred_exec){0};
    if (unlikely(o.mode & (S_ISUID | S_ISGID) && vnode_fs_is(v, FS_NOSUID)))
        o.mode &= ~(uint32_t)(S_ISUID | S_ISGID);
    if (unlikely(c || o.mode & (S_ISUID | S_ISGID)))
        cred_exec_ids(c, o.mode, o.uid, o.gid, ids);
    ids->unreadable = unlikely(c) && vnode_may(c, v, MAY_READ);
}

/* The program must not be written to while it runs, its linker not while it is mapped: as on Linux
 * that one may be replaced under those who run it. */
static int begin_run(struct load *l)
{
    if (vnode_run_begin(l->exe.v))
        return refuse(l, -ETXTBSY, "is open for writing");
    if (!l->interp)
        return 0;
    if (vnode_run_begin(l->interp->v)) {
        vnode_run_done(l->exe.v);
        return refuse(l, -ETXTBSY, "its interpreter is open for writing");
    }
    vnode_run_done(l->interp->v);
    return 0;
}

/* The part that allocates: an address space with the images and the stack in it. */
static int build(struct load *l, struct exec_image *out)
{
    const struct image *first = l->interp ? l->interp : &l->exe;
    struct as *as = as_create();
    vaddr_t top;
    int error;

    if (!as)
        return refuse(l, -ENOMEM, "not enough memory");
    error = begin_run(l);
    if (error) {
        as_leave(as);
        return error;
    }
    as_begin_limits(as, l->args->limits);
    choose_ids(l->exe.v, &out->ids);
    choose_layout(l, as, &top);
    error = map_images(l, as);
    if (!error)
        error = build_stack(l, as, top, out);
    if (error) {
        vnode_run_done(l->exe.v);
        as_leave(as);
        return refuse(l, error == -EEXIST ? -ENOMEM : error,
                      error == -EIO ? "can't be read" : "not enough memory");
    }
    out->as = as;
    out->entry = first->elf.entry + first->bias;
    out->exe = vnode_ref(l->exe.v);
    return 0;
}

/* Steps: find the ELF file and check it, and the linker that it names, which is all that can be
 * wrong with files; build the address space; say why not, if not. */
int exec_load(struct vnode *v, const struct exec_args *args, struct exec_image *out)
{
    struct load *l = kmalloc(sizeof(*l));
    int error;

    if (!l)
        return -ENOMEM;
    l->args = args;
    l->v = vnode_ref(v);
    error = identify(l);
    if (!error && l->exe.elf.interp_len)
        error = identify_interp(l);
    if (!error)
        error = build(l, out);
    if (error && l->why)
        log_printf("exec: %s: %s\n", args->path, l->why);
    drop_head(l);
    vnode_unref(l->v);
    vnode_unref(l->exe.v);
    if (l->interp)
        vnode_unref(l->interp->v);
    kfree(l->interp);
    kfree(l->prefix);
    kfree(l);
    return error;
}
