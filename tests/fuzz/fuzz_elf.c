/* SPDX-License-Identifier: MIT
 *
 * ELF validation: any bytes are refused with a reason or give an image whose promises
 * (loader/elf.h) all hold, checked here from scratch.
 */
#include "tests/fuzz/fuzz.h"

#include "loader/elf.h"

#define LIMIT UINT64_C(0x10000000)
#define PAGE  4096u

static void check_loads(const struct elf_image *m, size_t file_size)
{
    uint64_t low = m->type == ET_EXEC ? 0x1000 : 0, pages = 0, end = low;

    FUZZ_CHECK(m->nload >= 1 && m->nload <= ELF_MAX_LOAD);
    for (uint32_t i = 0; i < m->nload; i++) {
        const struct elf_load *l = &m->load[i];
        uint64_t first = l->vaddr / PAGE, last = ((uint64_t)l->vaddr + l->memsz - 1) / PAGE;

        FUZZ_CHECK(l->memsz > 0 && l->filesz <= l->memsz);
        FUZZ_CHECK((uint64_t)l->offset + l->filesz <= file_size);
        FUZZ_CHECK(first * PAGE >= end && l->vaddr >= low);
        FUZZ_CHECK(l->filesz == 0 || l->vaddr % PAGE == l->offset % PAGE);
        FUZZ_CHECK((l->flags & (PF_W | PF_X)) != (PF_W | PF_X));
        end = (last + 1) * PAGE;
        pages += last - first + 1;
    }
    FUZZ_CHECK(end <= 0x40000000);
    FUZZ_CHECK(pages == m->npages && pages * PAGE <= LIMIT);
    FUZZ_CHECK(m->low == m->load[0].vaddr && m->high <= end && m->high > end - PAGE);
}

static void check_entry(const struct elf_image *m)
{
    bool found = false;

    for (uint32_t i = 0; i < m->nload; i++)
        found |= (m->load[i].flags & PF_X) && (m->entry & ~1u) >= m->load[i].vaddr &&
                 (m->entry & ~1u) < m->load[i].vaddr + m->load[i].filesz;
    FUZZ_CHECK(found && (m->entry & 3) != 2);
}

/* The range lies in some segment's pages. */
static void check_inside(const struct elf_image *m, uint32_t vaddr, uint32_t len)
{
    bool found = len == 0;

    for (uint32_t i = 0; i < m->nload; i++)
        found |= vaddr >= m->load[i].vaddr &&
                 (uint64_t)vaddr + len <=
                     ALIGN_UP((uint64_t)m->load[i].vaddr + m->load[i].memsz, (uint64_t)PAGE);
    FUZZ_CHECK(found);
}

bool fuzz_one(uint8_t *bytes, size_t len)
{
    size_t header = MIN(len, (size_t)ELF_HEADER_MAX);
    struct elf_image m;
    enum elf_error error = elf_check(bytes, header, len, LIMIT, &m);

    FUZZ_CHECK(elf_strerror(error) != NULL);
    FUZZ_CHECK(elf_errno(error) <= 0);
    if (error != ELF_OK)
        return false;
    check_loads(&m, len);
    check_entry(&m);
    check_inside(&m, m.tls.vaddr, m.tls.filesz);
    check_inside(&m, m.relro_vaddr, m.relro_memsz);
    if (m.phdr_vaddr)
        check_inside(&m, m.phdr_vaddr, m.phnum * 32u);
    FUZZ_CHECK(m.align >= PAGE && (m.align & (m.align - 1)) == 0);
    FUZZ_CHECK((uint64_t)m.interp_offset + m.interp_len <= len);
    FUZZ_CHECK(m.interp_len == 0 || (m.interp_len >= 2 && m.interp_len <= ELF_INTERP_MAX));
    return true;
}
