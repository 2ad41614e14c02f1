/* SPDX-License-Identifier: MIT
 *
 * Validation of ELF programs, in the order of the file: identification, header, each program
 * header, then what only the whole can show. Addresses are added in 64 bits, so nothing wraps
 * unseen. Headers are copied out before they are read: the bytes need no alignment.
 */
#include "loader/elf.h"

#include <string.h>

#include "mm/units.h"

#define IDENT_BYTES 16u

struct check {
    const uint8_t *bytes;
    size_t len;
    uint64_t file_size, limit;
    struct elf32_header header;
    struct elf_image *image;
};

/* Identification. */

static uint16_t machine_of(const uint8_t *bytes)
{
    unsigned low = bytes[EI_DATA] == ELFDATA2MSB;

    return (uint16_t)(bytes[18 + low] | bytes[19 - low] << 8);
}

static enum elf_error check_machine(uint16_t machine)
{
    switch (machine) {
    case EM_ARM: return ELF_OK;
    case EM_386: return ELF_FOR_X86;
    case EM_X86_64: return ELF_FOR_X86_64;
    case EM_AARCH64: return ELF_FOR_AARCH64;
    case EM_RISCV: return ELF_FOR_RISCV;
    case EM_MIPS: return ELF_FOR_MIPS;
    case EM_PPC:
    case EM_PPC64: return ELF_FOR_POWERPC;
    case EM_68K: return ELF_FOR_M68K;
    case EM_S390: return ELF_FOR_S390;
    default: return ELF_FOR_ANOTHER_MACHINE;
    }
}

/* The machine comes first: "for x86-64" says more than "64-bit". */
static enum elf_error check_ident(const struct check *c)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    enum elf_error error;

    if (c->file_size == 0 || c->len == 0)
        return ELF_EMPTY;
    if (memcmp(c->bytes, magic, MIN(c->len, sizeof(magic))) != 0)
        return ELF_NOT_AN_ELF;
    if (c->len < sizeof(struct elf32_header))
        return ELF_TRUNCATED_HEADER;
    if (c->bytes[EI_DATA] != ELFDATA2LSB && c->bytes[EI_DATA] != ELFDATA2MSB)
        return ELF_BAD_BYTE_ORDER;
    error = check_machine(machine_of(c->bytes));
    if (error)
        return error;
    if (c->bytes[EI_CLASS] == ELFCLASS64)
        return ELF_64_BIT;
    if (c->bytes[EI_CLASS] != ELFCLASS32)
        return ELF_BAD_CLASS;
    if (c->bytes[EI_DATA] == ELFDATA2MSB)
        return ELF_BIG_ENDIAN;
    if (c->bytes[EI_VERSION] != EV_CURRENT)
        return ELF_BAD_VERSION;
    if (c->bytes[EI_OSABI] != ELFOSABI_NONE && c->bytes[EI_OSABI] != ELFOSABI_LINUX &&
        c->bytes[EI_OSABI] != ELFOSABI_ARM)
        return ELF_FOR_ANOTHER_OS;
    return ELF_OK;
}

static enum elf_error check_type(uint16_t type)
{
    switch (type) {
    case ET_EXEC:
    case ET_DYN: return ELF_OK;
    case ET_REL: return ELF_OBJECT_FILE;
    case ET_CORE: return ELF_CORE_FILE;
    default: return ELF_BAD_TYPE;
    }
}

static enum elf_error check_header(struct check *c)
{
    const struct elf32_header *h = &c->header;
    enum elf_error error;
    uint64_t end;

    memcpy(&c->header, c->bytes, sizeof(c->header));
    error = check_type(h->type);
    if (error)
        return error;
    if (h->version != EV_CURRENT)
        return ELF_BAD_VERSION;
    if ((h->flags & EF_ARM_EABI_MASK) != EF_ARM_EABI_VER5)
        return ELF_NOT_EABI5;
    if (h->phnum == 0 || h->phoff == 0)
        return ELF_NO_PHDRS;
    if (h->phentsize != sizeof(struct elf32_phdr))
        return ELF_BAD_PHENTSIZE;
    if (h->phnum > ELF_MAX_PHDRS)
        return ELF_TOO_MANY_PHDRS;
    end = (uint64_t)h->phoff + h->phnum * sizeof(struct elf32_phdr);
    if (end > c->file_size)
        return ELF_PHDRS_OUTSIDE;
    return end > c->len ? ELF_PHDRS_TOO_FAR : ELF_OK;
}

/* One segment. */

static bool is_power_of_two(uint32_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* The bytes of the segment are in the file, and there is room for them in memory. */
static enum elf_error check_extent(const struct check *c, const struct elf32_phdr *p)
{
    if ((uint64_t)p->offset + p->filesz > c->file_size)
        return ELF_TRUNCATED;
    if (p->filesz > p->memsz)
        return ELF_FILESZ_OVER_MEMSZ;
    if ((uint64_t)p->vaddr + p->memsz > UINT64_C(1) << 32)
        return ELF_WRAPS;
    return ELF_OK;
}

static enum elf_error check_load(const struct check *c, const struct elf32_phdr *p)
{
    enum elf_error error = check_extent(c, p);
    uint32_t room = c->header.type == ET_DYN ? USER_END - USER_MIN : USER_END;

    if (error)
        return error;
    if (c->header.type == ET_EXEC && p->vaddr < USER_MIN)
        return ELF_PAGE_ZERO;
    if ((uint64_t)p->vaddr + p->memsz > room)
        return ELF_KERNEL_ADDRESS;
    if (p->align > 1 && (!is_power_of_two(p->align) || p->align > ELF_MAX_ALIGN))
        return ELF_BAD_ALIGN;
    if (p->filesz > 0 && ((p->vaddr ^ p->offset) & PAGE_MASK) != 0)
        return ELF_NOT_CONGRUENT;
    if ((p->flags & PF_W) && (p->flags & PF_X))
        return ELF_WRITABLE_AND_EXECUTABLE;
    return ELF_OK;
}

/* The segment against its predecessor. */
static enum elf_error check_neighbours(const struct elf_load *before, const struct elf_load *l)
{
    uint32_t end = before->vaddr + before->memsz, both = before->flags | l->flags;

    if (l->vaddr < before->vaddr)
        return ELF_NOT_ASCENDING;
    if (l->vaddr < end)
        return ELF_OVERLAP;
    if (page_of(l->vaddr) > page_of(end - 1))
        return ELF_OK;
    return (both & PF_W) && (both & PF_X) ? ELF_SHARED_PAGE_WX : ELF_SHARED_PAGE;
}

static enum elf_error add_load(struct check *c, const struct elf32_phdr *p)
{
    struct elf_image *image = c->image;
    struct elf_load *l = &image->load[image->nload];
    enum elf_error error;

    if (p->memsz == 0 && p->filesz == 0)
        return ELF_OK;
    if (image->nload == ELF_MAX_LOAD)
        return ELF_TOO_MANY_SEGMENTS;
    error = check_load(c, p);
    if (error)
        return error;
    *l = (struct elf_load){p->vaddr, p->memsz, p->offset, p->filesz,
                           p->flags & (PF_R | PF_W | PF_X)};
    if (image->nload > 0)
        error = check_neighbours(l - 1, l);
    image->nload++;
    image->align = MAX(image->align, p->align);
    image->npages += page_of(p->vaddr + p->memsz - 1) - page_of(p->vaddr) + 1;
    return error;
}

/* The other program headers. */

static enum elf_error add_interp(struct check *c, const struct elf32_phdr *p)
{
    if (c->image->interp_len > 0)
        return ELF_TWICE;
    if (p->filesz < 2 || p->filesz > ELF_INTERP_MAX)
        return ELF_BAD_INTERP;
    if ((uint64_t)p->offset + p->filesz > c->file_size)
        return ELF_TRUNCATED;
    c->image->interp_offset = p->offset;
    c->image->interp_len = p->filesz;
    return ELF_OK;
}

static enum elf_error add_tls(struct check *c, const struct elf32_phdr *p)
{
    enum elf_error error = check_extent(c, p);

    if (c->image->tls.align > 0)
        return ELF_TWICE;
    if (error)
        return error;
    if (p->align > 1 && (!is_power_of_two(p->align) || p->align > ELF_MAX_ALIGN))
        return ELF_BAD_ALIGN;
    c->image->tls = (struct elf_tls){p->vaddr, p->filesz, p->memsz, MAX(p->align, 1u)};
    return ELF_OK;
}

static enum elf_error add_relro(struct check *c, const struct elf32_phdr *p)
{
    if (c->image->relro_memsz > 0)
        return ELF_TWICE;
    c->image->relro_vaddr = p->vaddr;
    c->image->relro_memsz = p->memsz;
    return ELF_OK;
}

static enum elf_error add_phdr(struct check *c, const struct elf32_phdr *p)
{
    switch (p->type) {
    case PT_LOAD: return add_load(c, p);
    case PT_INTERP: return add_interp(c, p);
    case PT_TLS: return add_tls(c, p);
    case PT_GNU_RELRO: return add_relro(c, p);
    case PT_GNU_STACK: c->image->stack_exec = p->flags & PF_X; return ELF_OK;
    default: return ELF_OK;
    }
}

/* The whole. */

static bool entry_valid(const struct elf_image *image)
{
    uint32_t at = image->entry & ~1u;

    if ((image->entry & 3) == 2)
        return false; /* ARM code begins at a multiple of 4 */
    for (const struct elf_load *l = image->load; l < image->load + image->nload; l++)
        if ((l->flags & PF_X) && at >= l->vaddr && at - l->vaddr < l->filesz)
            return true;
    return false;
}

/* TLS's image is bytes of the file that a segment maps. */
static bool tls_valid(const struct elf_image *image)
{
    const struct elf_tls *t = &image->tls;

    if (t->filesz == 0)
        return true;
    for (const struct elf_load *l = image->load; l < image->load + image->nload; l++)
        if (t->vaddr >= l->vaddr && t->vaddr - l->vaddr <= l->filesz &&
            t->filesz <= l->filesz - (t->vaddr - l->vaddr))
            return true;
    return false;
}

/* Linkers may round RELRO's end up to the end of its segment's last page. */
static bool relro_valid(const struct elf_image *image)
{
    uint64_t end = (uint64_t)image->relro_vaddr + image->relro_memsz;

    if (image->relro_memsz == 0)
        return true;
    for (const struct elf_load *l = image->load; l < image->load + image->nload; l++)
        if (image->relro_vaddr >= l->vaddr && end <= ALIGN_UP(l->vaddr + l->memsz, PAGE_SIZE))
            return true;
    return false;
}

static void locate_phdrs(const struct check *c, struct elf_image *image)
{
    uint32_t at = c->header.phoff, n = c->header.phnum * (uint32_t)sizeof(struct elf32_phdr);

    for (const struct elf_load *l = image->load; l < image->load + image->nload; l++)
        if (at >= l->offset && at - l->offset <= l->filesz && n <= l->filesz - (at - l->offset))
            image->phdr_vaddr = l->vaddr + (at - l->offset);
}

static enum elf_error check_whole(struct check *c)
{
    struct elf_image *image = c->image;
    const struct elf_load *last;

    if (image->nload == 0)
        return ELF_NO_SEGMENT;
    last = &image->load[image->nload - 1];
    image->low = image->load[0].vaddr;
    image->high = last->vaddr + last->memsz;
    if (!entry_valid(image))
        return ELF_BAD_ENTRY;
    if (!tls_valid(image))
        return ELF_BAD_TLS;
    if (!relro_valid(image))
        return ELF_BAD_RELRO;
    if ((uint64_t)image->npages * PAGE_SIZE > c->limit || image->tls.memsz > c->limit)
        return ELF_TOO_BIG;
    locate_phdrs(c, image);
    return ELF_OK;
}

enum elf_error elf_check(const void *header, size_t header_len, uint64_t file_size,
                         uint64_t limit_bytes, struct elf_image *out)
{
    struct elf_image image = {.align = PAGE_SIZE};
    struct check c = {
        .bytes = header,
        .len = header_len,
        .file_size = file_size,
        .limit = limit_bytes,
        .image = &image,
    };
    enum elf_error error = check_ident(&c);

    if (!error)
        error = check_header(&c);
    if (error)
        return error;
    image.type = c.header.type;
    image.phnum = c.header.phnum;
    image.entry = c.header.entry;
    for (unsigned i = 0; i < image.phnum; i++) {
        struct elf32_phdr p;

        memcpy(&p, c.bytes + c.header.phoff + i * sizeof(p), sizeof(p));
        error = add_phdr(&c, &p);
        if (error)
            return error;
    }
    error = check_whole(&c);
    if (error == ELF_OK)
        *out = image;
    return error;
}
