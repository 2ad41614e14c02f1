/* SPDX-License-Identifier: MIT
 *
 * Commands of kdb for address spaces: segments, one address from segment to hardware, and the way
 * from a frame to the processes that use it. They are here because only proc/ knows whose an
 * address space is. Nothing is locked: see kern/kdb.h. Flags of frames are those of /proc/coremap.
 */
#include "fs/blockdev.h"
#include "kern/arch.h"
#include "kern/kdb.h"
#include "mm/slab.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"

#define PATH_SHOWN 80u

static struct proc *find_process(const char *word)
{
    uint32_t pid;

    if (!kdb_number(word, 10, &pid))
        return NULL;
    proc_for_each_stopped (p) {
        if (p->pid == (int)pid && p->as)
            return p;
    }
    kdb_printf("there is no process %u with memory\n", pid);
    return NULL;
}

static const char *letters(prot_t prot)
{
    static const char *const name[] = {"---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx"};

    return name[prot & 7];
}

static void print_obj(const struct obj *o)
{
    struct vnode *v = o ? vnode_of_obj(o) : NULL;
    char path[PATH_SHOWN];

    if ((v && vnode_path_locked(v, path, sizeof(path)) == 0) ||
        (o && blockdev_path(o, path, sizeof(path))))
        kdb_printf("%s", path);
    else
        kdb_printf("obj %p", (const void *)o);
}

static pte_t entry_at(const struct as *as, vaddr_t va)
{
    const struct node *n = as->pt ? pt_node(as->pt, va) : NULL;

    return n ? node_get(n, node_index(va)) : (pte_t){0};
}

static uint32_t count_resident(const struct seg *s)
{
    uint32_t n = 0;

    for (vaddr_t va = s->base; va < seg_end(s);) {
        bool there = s->as->pt && pt_node(s->as->pt, va);

        n += there && pte_in_core(entry_at(s->as, va));
        va = there ? va + PAGE_SIZE : ALIGN_DOWN(va, NODE_SPAN) + NODE_SPAN;
    }
    return n;
}

static void print_seg(const struct seg *s)
{
    kdb_printf("%08x-%08x %s max %s %s %-5s ", (uint32_t)s->base, (uint32_t)seg_end(s),
               letters(s->prot), letters(s->maxprot), s->flags & SEG_SHARED ? "shared" : "private",
               s->ops->name);
    if (s->obj) {
        print_obj(s->obj);
        kdb_printf(" page %x", s->obj_page);
    } else {
        kdb_printf("%s", s->flags & SEG_GROWS ? "[stack]" : s->flags & SEG_HEAP ? "[heap]" : "");
    }
    kdb_printf(" resident %u of %u\n", count_resident(s), s->npages);
}

static void cmd_pmap(unsigned argc, char **argv)
{
    struct proc *p = find_process(argv[1]);

    (void)argc;
    if (!p)
        return;
    kdb_printf("process %d, %s: %u resident, as %p\n", p->pid, p->comm, as_resident_locked(p->as),
               (void *)p->as);
    tree_for_each (it, &p->as->segs)
        if (!kdb_stopped())
            print_seg(container_of(it, struct seg, by_addr));
}

static void print_flags(unsigned flags)
{
    static const char letter[] = "BWDRIPVEO"; /* bit 0 first */

    for (unsigned i = 0; letter[i]; i++)
        if (flags >> i & 1)
            kdb_printf("%c", letter[i]);
}

static void print_entry(const struct as *as, vaddr_t va)
{
    pte_t e = entry_at(as, va);
    pfn_t pfn = NO_PFN;
    prot_t hat = as->pt && pt_node(as->pt, va)
                     ? hat_probe(pt_node(as->pt, va), node_index(va), &pfn)
                     : PROT_NONE;

    kdb_printf("%08x %s", (uint32_t)va, pte_state_name(pte_state(e)));
    if (pte_in_core(e))
        kdb_printf(" frame %x", pte_pfn(e));
    if (pte_state(e) == PTE_SWAPPED)
        kdb_printf(" slot %x", pte_pfn(e));
    kdb_printf("%s%s; hardware %s", e.raw & PTE_COW ? " cow" : "",
               e.raw & PTE_WIRED ? " wired" : "", letters(hat));
    if (hat)
        kdb_printf(" frame %x", pfn);
    kdb_printf("\n");
}

static void cmd_pt(unsigned argc, char **argv)
{
    struct proc *p = find_process(argv[1]);
    const struct node *n;
    uint32_t va;

    (void)argc;
    if (!p || !kdb_number(argv[2], 16, &va) || !p->as->pt)
        return;
    if (va >= USER_END) {
        kdb_printf("%x: not a program's address\n", va);
        return;
    }
    tree_for_each (it, &p->as->segs)
        if (seg_holds(container_of(it, struct seg, by_addr), va))
            print_seg(container_of(it, struct seg, by_addr));
    n = pt_node(p->as->pt, va);
    kdb_printf("root %p slot %u: ", (void *)p->as->pt, node_slot(va));
    if (!n) {
        kdb_printf("empty\n");
        return;
    }
    kdb_printf("node %p in frame %x, %u live, %u roots\n", (const void *)n, node_pfn(n),
               node_live(n), frame_of(node_pfn(n))->users);
    kdb_printf("entry %u: pte %08x hat %08x\n", node_index(va), node_get(n, node_index(va)).raw,
               n->hat[node_index(va)]);
    print_entry(p->as, page_base(va));
}

/* The entry names the frame, or its slot. */
static bool names(pte_t e, pfn_t pfn)
{
    const struct frame *f = frame_peek(pfn);

    if (pte_state(e) == PTE_SWAPPED)
        return frame_type(f) == FRAME_SWAP && pte_pfn(e) == frame_slot(f);
    return pte_in_core(e) && pte_pfn(e) == pfn;
}

/* Those of all processes that have the address space; threads of one process share its line. */
static void print_users(const struct as *as, vaddr_t va, pfn_t pfn)
{
    if (!names(entry_at(as, va), pfn))
        return;
    proc_for_each_stopped (p) {
        if (p->as == as && !kdb_stopped()) {
            kdb_printf("  process %d, %s: ", p->pid, p->comm);
            print_entry(as, va);
        }
    }
}

static void users_of_obj(const struct obj *o, uint32_t page, pfn_t pfn)
{
    for (unsigned i = 0; i < PARTS; i++) {
        list_for_each (it, &o->segs.of[i].list) {
            const struct seg *s = container_of(it, struct seg, by_obj);

            if (page - s->obj_page < s->npages) /* not a walker's place, which has none */
                print_users(s->as, s->base + page_addr(page - s->obj_page), pfn);
        }
    }
}

static void users_of_family(const struct family *f, vaddr_t va, pfn_t pfn)
{
    for (unsigned i = 0; i < PARTS; i++)
        list_for_each (it, &f->spaces.of[i].list)
            print_users(container_of(it, struct as, kin), va, pfn);
}

/* Page tables: whose. */
static void users_of_table(const struct frame *f, pfn_t pfn)
{
    bool node = frame_type(f) == FRAME_NODE;
    vaddr_t va = page_addr(f->index >> 12);

    if (node)
        kdb_printf("  from %08x on, %u live\n", (uint32_t)va, f->index & 0xfff);
    proc_for_each_stopped (p) {
        if (p->as && (node ? p->as->pt && pt_node(p->as->pt, va) == pfn_to_virt(pfn)
                           : p->as == frame_owner(f)))
            kdb_printf("  process %d, %s\n", p->pid, p->comm);
    }
}

static void user_of_stack(struct thread *t, void *arg)
{
    const pfn_t *pfn = arg;
    uint64_t phys;

    if (arch_translate((uintptr_t)t->kstack, &phys) && (pfn_t)(phys >> PAGE_SHIFT) == *pfn)
        kdb_printf("  thread %d, %s\n", t->tid, t->proc ? t->proc->comm : "[kernel]");
}

static void print_frame_users(const struct frame *f, pfn_t pfn)
{
    if (frame_type(f) == FRAME_SWAP)
        kdb_printf("  slot %x\n", frame_slot(f));
    switch (frame_type(f)) {
    case FRAME_OBJ:
        kdb_printf("  page %x of ", f->index);
        print_obj(frame_owner(f));
        kdb_printf("\n");
        users_of_obj(frame_owner(f), f->index, pfn);
        break;
    case FRAME_SWAP:
    case FRAME_ANON:
        if (frame_owner(f))
            users_of_family(frame_owner(f), page_addr(f->index), pfn);
        break;
    case FRAME_SLAB:
        if (frame_owner(f))
            kdb_printf("  cache %s\n", ((const struct slab_cache *)frame_owner(f))->name);
        break;
    case FRAME_NODE:
    case FRAME_TABLE: users_of_table(f, pfn); break;
    case FRAME_STACK: thread_for_each_stopped(user_of_stack, &pfn); break;
    default: break;
    }
}

static void cmd_frame(unsigned argc, char **argv)
{
    const struct frame *f;
    enum frame_type type;
    uint32_t pfn, count;

    (void)argc;
    if (!kdb_number(argv[1], 16, &pfn))
        return;
    if (pfn < direct_map.first || pfn >= direct_map.end) {
        kdb_printf("frame %x: frames are %x to %x\n", pfn, direct_map.first, direct_map.end - 1);
        return;
    }
    f = frame_peek(pfn);
    if (!f) {
        kdb_printf("frame %x: %s, never used\n", pfn,
                   frame_group_untouched(pfn, &count, &type) ? frame_type_name(type)
                                                             : "reserved or free");
        return;
    }
    kdb_printf("frame %x at %p: %s, owner %x, users %u, flags ", pfn, pfn_to_virt(pfn),
               frame_type_name(frame_type(f)), f->owner & ~15u, f->users);
    print_flags(f->flags);
    kdb_printf("\n");
    print_frame_users(f, pfn);
}

KDB_COMMAND(pmap, "PID", "segments", cmd_pmap);
KDB_COMMAND(pt, "PID ADDR", "an address, from segment to hardware", cmd_pt);
KDB_COMMAND(frame, "PFN", "a frame, and whose it is", cmd_frame);
