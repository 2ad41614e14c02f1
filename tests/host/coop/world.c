/* SPDX-License-Identifier: MIT */
#include "tests/host/coop/world.h"

#include "fs/file.h"
#include "fs/vnode.h"
#include "include/uapi/errno.h"
#include "mm/fault.h"
#include "mm/slab.h"
#include "mm/takeback.h"
#include "tests/host/coop/coop.h"
#include "tests/host/coop/law.h"
#include "tests/host/coop/memory.h"
#include "tests/host/coop/swap.h"
#include "tests/host/coop/sync.h"
#include "tests/host/fake_files.h"
#include "tests/host/threads.h"

#define FRAMES     256u
#define SHARED_AT  0x10000000u
#define PRIVATE_AT (SHARED_AT + 64 * PAGE_SIZE)
#define RW         (PROT_READ | PROT_WRITE)
#define CHILD      2u

static const uint16_t offsets[LAW_OFFSETS] = {8, 3000};

static struct {
    struct world_start start;
    struct as *space[LAW_SPACES];
    struct file *file; /* tmpfs */
    struct obj *obj;
    uint8_t disk[LAW_PAGES][PAGE_SIZE];
    struct mutex resizing; /* the disk file's, as an inode has */
    struct rwlock edge;    /* shared by who is in the kernel */
    pfn_t frame[LAW_PAGES];
    uint32_t frames_before, committed_before;
    unsigned finals;  /* events after the threads */
    unsigned nstores; /* each stores another byte */
    struct law_history history;
} w;

/* Time goes on with steps, and from event to event when there are none. */
static unsigned now(void)
{
    return coop_inside() ? coop_now() : coop_now() + ++w.finals;
}

static void begin(struct law_event *e)
{
    coop_point(coop_key(COOP_TIME, 0), COOP_READ);
    e->begin = now();
    e->thread = (uint8_t)coop_self();
    e->after = -1;
}

static void end(struct law_event *e)
{
    coop_point(coop_key(COOP_TIME, 0), COOP_ADD);
    e->end = now();
}

/* Enters the event; those of one call come one after the other. Returns its number. */
static int record(const struct law_event *e, enum law_what what, int after)
{
    struct law_history *h = &w.history;

    if (h->n == LAW_EVENTS)
        panic("more than %u events", LAW_EVENTS);
    h->event[h->n] = *e;
    h->event[h->n].what = what;
    h->event[h->n].after = after;
    return (int)h->n++;
}

/* Into the kernel and out of it: there threads can be made to stand still. */
static void enter_kernel(void)
{
    rwlock_read(&w.edge);
}

static void leave_kernel(void)
{
    rwlock_read_done(&w.edge);
}

static vaddr_t address_of(const struct law_event *e)
{
    return (e->shared ? SHARED_AT : PRIVATE_AT) + page_addr(e->page) + offsets[e->offset];
}

/* A program's access with its faults. */
static int access_byte(const struct law_event *e, prot_t access, uint8_t *byte)
{
    struct as *as = w.space[e->space];

    for (unsigned tries = 0; tries < 100; tries++) {
        enum fault_error error;

        if (fake_access(as, address_of(e), access, byte))
            return 0;
        enter_kernel();
        error = fault_handle(as, address_of(e), access, 0);
        leave_kernel();
        if (error)
            return -(int)error;
    }
    panic("an access faults for ever");
}

static void load(struct law_event *e)
{
    uint8_t byte = 0;
    int error;

    begin(e);
    error = access_byte(e, PROT_READ, &byte);
    e->result = error ? error : byte;
    end(e);
    record(e, LAW_LOAD, -1);
}

static uint8_t new_byte(void)
{
    return (uint8_t)(0x80 + 16 * coop_self() + ++w.nstores);
}

static void store(struct law_event *e)
{
    uint8_t byte = new_byte();

    e->value = byte;
    begin(e);
    e->result = access_byte(e, PROT_WRITE, &byte);
    end(e);
    if (e->result)
        record(e, LAW_LOAD, -1);
    else if (e->shared)
        record(e, LAW_STORE, -1);
    else
        record(e, LAW_SET, record(e, LAW_COPY, -1));
}

static void fork_space(struct law_event *e, bool copy_ahead)
{
    struct as *child;

    begin(e);
    enter_kernel();
    check(as_fork(w.space[e->space], &child) == 0);
    if (copy_ahead)
        check(as_copy_ahead(w.space[e->space], child) == 0);
    leave_kernel();
    e->to = CHILD;
    end(e);
    w.space[CHILD] = child;
    record(e, LAW_FORK, -1);
}

static void unmap(struct law_event *e, bool one)
{
    unsigned first = one ? e->page : 0, n = one ? 1 : w.start.pages;

    e->page = (uint8_t)first;
    begin(e);
    enter_kernel();
    e->offset = 0;
    check(as_unmap(w.space[e->space], address_of(e) & ~(vaddr_t)PAGE_MASK, n) == 0);
    leave_kernel();
    end(e);
    for (unsigned i = first; i < first + n; i++) {
        e->page = (uint8_t)i;
        record(e, LAW_UNMAP, -1);
    }
}

/* The disk's file, as its file system would do it. */
static void resize_disk(uint32_t size)
{
    mutex_lock(&w.resizing);
    check(obj_resize(w.obj, size) == 0);
    if (size < sizeof(w.disk))
        memset(&w.disk[0][0] + size, 0, sizeof(w.disk) - size);
    mutex_unlock(&w.resizing);
}

static void truncate_file(struct law_event *e, uint32_t size)
{
    uint32_t old;
    int last;

    begin(e);
    enter_kernel();
    old = (uint32_t)obj_size(w.obj); /* one thread of a case alone truncates or writes behind */
    if (w.start.disk)
        resize_disk(size);
    else
        check(file_truncate(w.file, size) == 0);
    leave_kernel();
    end(e);
    e->value = (int)size;
    last = record(e, LAW_SIZE, -1);
    if (size <= old)
        last = record(e, LAW_END, record(e, LAW_DROP, last));
    e->value = (int)MIN(size, old);
    record(e, LAW_TAIL, last);
}

static void write_call(struct law_event *e)
{
    uint64_t pos = page_addr(e->page) + offsets[e->offset];
    uint8_t byte = new_byte();

    e->value = byte;
    begin(e);
    enter_kernel();
    check(file_write_at(w.file, pos, (vaddr_t)&byte, 1) == 1);
    leave_kernel();
    end(e);
    int first = record(e, LAW_WRITE, -1);

    e->value = (int)pos + 1;
    record(e, LAW_GROW, first);
}

static void read_call(struct law_event *e)
{
    uint64_t pos = page_addr(e->page) + offsets[e->offset];
    uint8_t byte;
    int n;

    begin(e);
    enter_kernel();
    n = file_read_at(w.file, pos, (vaddr_t)&byte, 1);
    leave_kernel();
    end(e);
    e->result = n == 1 ? byte : -1;
    record(e, LAW_READ, -1);
}

/* -ENOMEM: another thread's munmap came first. */
static void sync_space(struct law_event *e)
{
    int error;

    begin(e);
    enter_kernel();
    error = as_sync(w.space[e->space], SHARED_AT, w.start.pages, true, false);
    leave_kernel();
    end(e);
    check(!error || error == -ENOMEM);
    for (unsigned i = 0; !error && i < w.start.pages; i++) {
        e->page = (uint8_t)i;
        record(e, LAW_SYNC, -1);
    }
}

static void take_page_back(unsigned page)
{
    struct page_use use;
    int ignored;

    rwlock_write(&w.edge);
    ignored = page_probe(w.frame[page], true, &use); /* a frame that is something else by now */
    (void)ignored;
    rwlock_write_done(&w.edge);
}

static void forget(const struct law_event *e)
{
    enter_kernel();
    as_forget(w.space[e->space]);
    leave_kernel();
}

static unsigned digit(char c)
{
    check(c >= '0' && c < '0' + (int)LAW_PAGES + 1);
    return (unsigned)(c - '0');
}

/* Space, mapping, page and byte of words that have them. */
static struct law_event parse(const char *word, size_t len)
{
    struct law_event e = {.after = -1};

    if (len > 1 && word[1] >= 'A' && word[1] < 'A' + (int)LAW_SPACES)
        e.space = (uint8_t)(word[1] - 'A');
    e.shared = len > 2 && word[2] == 's';
    if (len > 3)
        e.page = (uint8_t)digit(word[3]);
    e.offset = len > 4 && word[4] == '+';
    return e;
}

static void run_word(const char *word, size_t len)
{
    struct law_event e = parse(word, len);
    bool half = len > 2 && word[2] == 'h', second = len > 2 && word[2] == '+';

    switch (word[0]) {
    case 'l': load(&e); break;
    case 's': store(&e); break;
    case 'f':
    case 'c': fork_space(&e, word[0] == 'c'); break;
    case 'F': forget(&e); break;
    case 'u': unmap(&e, len > 3); break;
    case 't': truncate_file(&e, page_addr(digit(word[1])) + (half ? PAGE_SIZE / 2 : 0)); break;
    case 'w':
    case 'r':
        e = (struct law_event){.page = (uint8_t)digit(word[1]), .offset = second};
        word[0] == 'w' ? write_call(&e) : read_call(&e);
        break;
    case 'm': sync_space(&e); break;
    case 'o': coop_page_out(w.space[e.space], address_of(&e)); break;
    case 'O': coop_space_out(w.space[e.space]); break;
    case 'd': coop_reclaim(); break;
    case 'U': take_page_back(digit(word[1])); break;
    default: panic("no word: %s", word);
    }
}

void world_run(unsigned thread, const char *program)
{
    (void)thread;
    while (*program) {
        size_t len = strcspn(program, " ");

        run_word(program, len);
        program += len + strspn(program + len, " ");
    }
}

/* Until it is filled the page is not as an earlier schedule left it, which may be the same. */
static int fill(struct obj *o, uint32_t page, void *bytes)
{
    (void)o;
    memset(bytes, 0x55, PAGE_SIZE);
    coop_copy(bytes, w.disk[page]);
    memcpy(bytes, w.disk[page], PAGE_SIZE);
    return 0;
}

/* The page's bytes are taken at one moment. */
static int write_back(struct obj *o, uint32_t page, const void *bytes)
{
    (void)o;
    coop_copy(w.disk[page], bytes);
    memcpy(w.disk[page], bytes, PAGE_SIZE);
    return 0;
}

static void release(struct obj *o)
{
    kfree(o);
}

static const struct obj_ops disk_ops = {
    .fill = fill, .write = write_back, .release = release, .slow = true};

static void make_disk_file(uint32_t size)
{
    w.obj = kmalloc(sizeof(*w.obj));
    check(w.obj);
    for (unsigned page = 0; page < w.start.pages; page++)
        for (unsigned k = 0; k < LAW_OFFSETS; k++)
            w.disk[page][offsets[k]] = w.history.start.byte[page][k];
    obj_create(w.obj, &disk_ops, NULL, size);
    mutex_init(&w.resizing);
}

static void make_tmpfs_file(uint32_t size)
{
    check(vnode_open(NULL, "file", O_RDWR | O_CREAT, 0600, &w.file) == 0);
    check(file_truncate(w.file, size) == 0);
    for (unsigned page = 0; !w.start.hole && page < w.start.pages; page++)
        for (unsigned k = 0; k < LAW_OFFSETS; k++)
            check(file_write_at(w.file, page_addr(page) + offsets[k],
                                (vaddr_t)&w.history.start.byte[page][k], 1) == 1);
    w.obj = w.file->vnode->obj;
}

static void map_file(struct as *as, bool shared)
{
    struct map_request r = {.base = shared ? SHARED_AT : PRIVATE_AT,
                            .npages = w.start.pages,
                            .prot = RW,
                            .maxprot = RW,
                            .flags = shared ? SEG_SHARED : 0,
                            .fixed = true,
                            .ops = shared ? &seg_shared : &seg_vn,
                            .obj = w.obj};
    vaddr_t where;

    check(as_map(as, &r, &where) == 0);
}

static struct as *make_space(void)
{
    struct as *as = as_create();

    check(as);
    map_file(as, true);
    map_file(as, false);
    return as;
}

/* What the laws expect is not changed by it: a store of the byte that is there. */
static void touch_all(unsigned space)
{
    for (unsigned page = 0; page < w.start.pages; page++)
        for (unsigned shared = 0; shared < 2; shared++) {
            struct law_event e = {.space = (uint8_t)space, .page = (uint8_t)page, .shared = shared};
            uint8_t byte;

            check(access_byte(&e, PROT_READ, &byte) == 0);
            if (shared || w.start.swap)
                check(access_byte(&e, PROT_WRITE, &byte) == 0);
        }
}

/* All pages of the space go to swap. */
static void send_away(unsigned space)
{
    for (unsigned page = 0; page < w.start.pages; page++)
        for (unsigned shared = 0; shared < 2; shared++) {
            struct law_event e = {.space = (uint8_t)space, .page = (uint8_t)page, .shared = shared};

            coop_page_out(w.space[space], address_of(&e));
        }
    coop_reclaim();
}

/* Each CPU gets what it keeps of frames and objects, so that threads meet where they must alone. */
static void fill_stores(void)
{
    for (unsigned cpu = 0; cpu < COOP_PROCS; cpu++) {
        struct as *as;
        pfn_t pfn[6];

        coop_set_cpu(cpu);
        as = make_space();
        check(as_unmap(as, SHARED_AT, w.start.pages) == 0);
        as_leave(as);
        for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++)
            pfn[i] = frame_alloc(FRAME_KERNEL, NULL, 0, FRAME_FOR_USER);
        for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++)
            frame_free(pfn[i]);
    }
    coop_set_cpu(0);
}

static void describe(void)
{
    struct law_start *s = &w.history.start;

    s->pages = w.start.pages;
    s->size_bytes = page_addr(w.start.pages);
    s->spaces = 2;
    s->own = w.start.swap;
    memcpy(s->offset, offsets, sizeof(offsets));
    for (unsigned page = 0; page < w.start.pages; page++)
        for (unsigned k = 0; k < LAW_OFFSETS; k++)
            s->byte[page][k] = w.start.hole ? 0 : (uint8_t)(1 + 16 * page + k);
}

void world_make(const struct world_start *start)
{
    coop_pristine();
    fake_files(FRAMES);
    fake_walks_free = true;
    w.frames_before = fake_in_use();
    w.committed_before = as_committed();
    w.start = *start;
    if (start->swap)
        coop_swap_add();
    rwlock_init(&w.edge);
    describe();
    if (start->disk)
        make_disk_file(page_addr(start->pages));
    else
        make_tmpfs_file(page_addr(start->pages));
    fill_stores();
    w.space[0] = make_space();
    if (start->warm)
        touch_all(0);
    if (start->kin)
        check(as_fork(w.space[0], &w.space[1]) == 0);
    else
        w.space[1] = make_space();
    if (start->warm && !start->kin)
        touch_all(1);
    for (unsigned space = 0; start->away && space < 2; space++)
        send_away(space);
    for (unsigned page = 0; page < start->pages; page++)
        w.frame[page] = obj_lookup(w.obj, page);
}

static void look_at_mappings(void)
{
    for (unsigned i = 0; i < LAW_SPACES * 2 * w.start.pages; i++) {
        struct law_event e = {.space = (uint8_t)(i / 2 / w.start.pages),
                              .page = (uint8_t)(i / 2 % w.start.pages),
                              .shared = i % 2};

        for (e.offset = 0; w.space[e.space] && e.offset < LAW_OFFSETS; e.offset++)
            load(&e);
    }
}

/* What was stored is on the disk after another msync, though it may have been one before. */
static void look_at_disk(void)
{
    struct law_event e = {.after = -1};

    begin(&e);
    check(obj_sync(w.obj, 0, LAW_PAGES) == 0);
    end(&e);
    for (unsigned page = 0; page < w.start.pages; page++) {
        e.page = (uint8_t)page;
        record(&e, LAW_SYNC, -1);
    }
    begin(&e);
    end(&e);
    for (unsigned i = 0; i < w.start.pages * LAW_OFFSETS; i++) {
        e.page = (uint8_t)(i / LAW_OFFSETS);
        e.offset = (uint8_t)(i % LAW_OFFSETS);
        e.result = w.disk[e.page][offsets[e.offset]];
        record(&e, LAW_DISK, -1);
    }
}

static void look_at_file(void)
{
    for (unsigned page = 0; page < w.start.pages; page++) {
        struct law_event e = {.page = (uint8_t)page};

        for (e.offset = 0; e.offset < LAW_OFFSETS; e.offset++)
            read_call(&e);
    }
}

/* What was written is kept: in memory it is the only copy. */
static void check_kept(void)
{
    for (unsigned page = 0; !w.start.disk && page < w.start.pages; page++) {
        pfn_t pfn = obj_lookup(w.obj, page);

        check(!pfn || !(frame_of(pfn)->flags & FRAME_DIRTY) || frame_of(pfn)->flags & FRAME_WIRED);
    }
}

static void take_all_down(void)
{
    for (unsigned i = 0; i < LAW_SPACES; i++)
        if (w.space[i])
            as_leave(w.space[i]);
    check(fake_check() == 0);
    if (w.start.disk) {
        obj_unref(w.obj);
    } else {
        file_unref(w.file);
        check(vnode_remove(NULL, "file", false) == 0);
    }
    check(fake_check() == 0);
    if (w.start.swap)
        coop_swap_remove();
    check(fake_in_use() == w.frames_before);
    check(as_committed() == w.committed_before);
    check(obj_kept().used == 0);
}

void world_check(void)
{
    check(fake_check() == 0);
    check_kept();
    if (w.start.disk)
        look_at_disk();
    else
        look_at_file();
    look_at_mappings();
    check(fake_check() == 0);
    if (!law_holds(&w.history)) {
        law_print(&w.history);
        panic("no order of these events explains what they saw");
    }
    take_all_down();
}
