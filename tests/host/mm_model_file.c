/* SPDX-License-Identifier: MIT
 *
 * The model's objects: how they come, go and change their size; read() and write() of the file in
 * memory, which programs map at the same time; what the hardware was told is taken back.
 */
#include "fs/file.h"
#include "fs/vnode.h"
#include "include/uapi/errno.h"
#include "mm/takeback.h"
#include "tests/host/fake_files.h"
#include "tests/host/mm_model.h"

#define CALL_BYTES (3 * PAGE_SIZE) /* of one read or write at most */

static struct file *memory_file;

/* Pages from `first` on are as they were when the object was new. */
static void reset_contents(unsigned o, uint32_t first)
{
    if (o < FILES)
        fake_file_cut(files[o], first);
    for (unsigned i = first; i < 900; i++) {
        for (unsigned k = 0; k < WATCHED; k++)
            contents[o][i][k] = o < FILES ? fake_file_byte(o, i, watched[k]) : 0;
        if (o < FILES)
            dirty[o][i] = false;
    }
}

/* An object ends somewhere else. What it held behind its end is gone, also where it was copied. */
void do_resize(void)
{
    static const uint32_t most[OBJECTS] = {40, 300, 900, 60, 700, 500};
    unsigned o = testing_below(OBJECTS);
    uint32_t npages = testing_below(3) ? most[o] : testing_below(most[o]) + 1;

    if (npages < file_pages[o])
        reset_contents(o, npages);
    file_pages[o] = npages;
    if (o == MEMORY_FILE)
        assert_int_equal(file_truncate(memory_file, page_addr(npages)), 0);
    else
        assert_int_equal(obj_resize(files[o], page_addr(npages)), 0);
    for (unsigned i = 0; i < SPACES * PAGES; i++) {
        struct page *p = &spaces[i / PAGES].page[i % PAGES];

        if (p->file == o + 1 && p->file_page >= npages)
            p->written = 0;
    }
}

static void do_read_file(void)
{
    unsigned file = testing_below(OBJECTS), k = testing_below(WATCHED);
    uint32_t page = testing_below(file_pages[file] + 1);
    pfn_t pfn;

    if (page == file_pages[file]) {
        assert_int_equal(obj_get(files[file], page, &pfn, NULL), -EINVAL);
        return;
    }
    assert_int_equal(obj_get(files[file], page, &pfn, NULL), 0);
    assert_int_equal(((uint8_t *)pfn_to_virt(pfn))[watched[k]], contents[file][page][k]);
    obj_put(pfn);
}

void make_machine(void)
{
    fake_machine(FRAMES);
    assert_int_equal(tmpfs_init(), 0);
}

void make_objects(void)
{
    struct vnode *v;

    assert_int_equal(tmpfs_make_unnamed(0600, &v), 0);
    assert_int_equal(file_open(v, O_RDWR, NULL, &memory_file), 0);
    assert_int_equal(file_truncate(memory_file, page_addr(file_pages[MEMORY_FILE])), 0);
    for (unsigned o = 0; o < OBJECTS; o++) {
        files[o] = o < FILES        ? fake_file(o, file_pages[o])
                   : is_nameless(o) ? obj_anon_create(file_pages[o], true)
                                    : memory_file->vnode->obj;
        reset_contents(o, 0);
    }
}

void drop_objects(void)
{
    for (unsigned o = 0; o < OBJECTS; o++)
        if (o != MEMORY_FILE)
            obj_unref(files[o]);
    file_unref(memory_file);
}

/* A call for bytes from pos on ends with them, or with the file. What is behind a page's end when
 * the file grows ends there, as the model counts whole pages. */
static void do_write_call(void)
{
    static uint8_t buf[CALL_BYTES];
    uint8_t byte = (uint8_t)testing_random();
    uint32_t most = page_addr(500), size = page_addr(file_pages[MEMORY_FILE]);
    uint32_t pos = testing_below(MIN(size + 5 * PAGE_SIZE, most)), end;

    end = MIN(pos + 1 + testing_below(CALL_BYTES - PAGE_SIZE), most);
    if (end > size)
        end = ALIGN_UP(end, PAGE_SIZE);
    memset(buf, byte, end - pos);
    assert_int_equal(file_write_at(memory_file, pos, (vaddr_t)buf, end - pos), end - pos);
    file_pages[MEMORY_FILE] = MAX(file_pages[MEMORY_FILE], page_of(end));
    for (uint32_t page = page_of(pos); page <= page_of(end - 1); page++)
        for (unsigned k = 0; k < WATCHED; k++) {
            uint32_t at = page_addr(page) + watched[k];

            if (at >= pos && at < end)
                contents[MEMORY_FILE][page][k] = byte;
        }
}

static void do_read_call(void)
{
    static uint8_t buf[CALL_BYTES];
    uint32_t size = page_addr(file_pages[MEMORY_FILE]), pos = testing_below(size + PAGE_SIZE);
    uint32_t len = 1 + testing_below(CALL_BYTES), end = MIN(size, pos + len);

    assert_int_equal(file_read_at(memory_file, pos, (vaddr_t)buf, len), pos < size ? end - pos : 0);
    for (uint32_t page = page_of(pos); pos < size && page <= page_of(end - 1); page++)
        for (unsigned k = 0; k < WATCHED; k++) {
            uint32_t at = page_addr(page) + watched[k];

            if (at >= pos && at < end)
                assert_int_equal(buf[at - pos], contents[MEMORY_FILE][page][k]);
        }
}

void do_file(void)
{
    unsigned dice = testing_below(4);

    if (dice < 2)
        do_write_call();
    else if (dice == 2)
        do_read_call();
    else
        do_read_file();
}

/* Nothing of the address space is in the hardware. */
static void check_forgotten(const struct space *sp)
{
    for (unsigned i = 0; i < PAGES; i++) {
        const struct node *n = pt_node(sp->as->pt, va_of(i));
        pfn_t pfn;

        assert_true(!n || !hat_probe(n, node_index(va_of(i)), &pfn));
    }
}

/* All of one address space, or one page from wherever it is mapped. */
void do_take_back(struct space *sp)
{
    unsigned i = testing_below(PAGES);
    pte_t e = pt_get(sp->as, va_of(i));
    struct page_use use;

    if (testing_below(4) == 0) {
        as_forget(sp->as);
        check_forgotten(sp);
        return;
    }
    for (unsigned tries = 0; tries < 20 && !pte_in_core(e); tries++) {
        i = testing_below(PAGES);
        e = pt_get(sp->as, va_of(i));
    }
    if (!pte_in_core(e) || pte_pfn(e) == frame_zero_page())
        return;
    assert_int_equal(page_probe(pte_pfn(e), true, &use), 0);
    assert_int_equal(use.entries, entries_of(pte_pfn(e)));
    assert_true(use.writable <= use.loaded && use.loaded <= use.entries);
    assert_true(!use.writable || use.dirty);
    assert_int_equal(page_probe(pte_pfn(e), false, &use), 0);
    assert_int_equal(use.loaded, 0);
}
