/* SPDX-License-Identifier: MIT
 *
 * elf FILE: header, program headers, section headers of an ELF file, how each segment would be
 * mapped, and why the kernel would refuse it. The verdict is the kernel's own code, loader/elf.c.
 * The file may be anything: nothing in it is trusted. Status 0 if the kernel would load it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/elf.h"
#include "quire.h"

#define PAGE_BYTES 4096u
#define ROWS_MAX   64u /* of a table, in case a file claims 65535 */

#define PT_NOTE      4
#define PT_ARM_EXIDX 0x70000001u

struct elf_file {
    const uint8_t *bytes;
    size_t len;
    struct elf32_header header; /* zeroes behind the end of a short file */
};

struct elf_section {
    uint32_t name, type, flags, addr, offset, size, link, info, addralign, entsize;
};

/* Copies size bytes of the entry at index of a table; false if they are not all in the file. */
static bool table_entry(const struct elf_file *file, uint32_t table, uint32_t step, unsigned index,
                        void *to, size_t size)
{
    uint64_t at = (uint64_t)table + (uint64_t)step * index;

    if (step < size || at + size > file->len)
        return false;
    memcpy(to, file->bytes + at, size);
    return true;
}

static bool elf_segment(const struct elf_file *file, unsigned index, struct elf32_phdr *segment)
{
    return table_entry(file, file->header.phoff, file->header.phentsize, index, segment,
                       sizeof *segment);
}

static bool elf_section(const struct elf_file *file, unsigned index, struct elf_section *section)
{
    return table_entry(file, file->header.shoff, file->header.shentsize, index, section,
                       sizeof *section);
}

static const char *type_name(uint16_t type)
{
    static const char *const names[] = {"none", "relocatable", "executable", "position-independent",
                                        "core"};

    return type < 5 ? names[type] : "unknown";
}

static void header_show(const struct elf32_header *h)
{
    printf("class     %u (%s)\n", h->ident[4], h->ident[4] == 1 ? "32-bit" : "not 32-bit");
    printf("data      %u (%s)\n", h->ident[5],
           h->ident[5] == 1 ? "little-endian" : "not little-endian");
    printf("type      %u (%s)\n", h->type, type_name(h->type));
    printf("machine   %u (%s)\n", h->machine, h->machine == EM_ARM ? "ARM" : "not ARM");
    printf("flags     0x%08lx (EABI %lu)\n", (unsigned long)h->flags,
           (unsigned long)(h->flags >> 24));
    printf("entry     0x%08lx (%s)\n", (unsigned long)h->entry, h->entry & 1 ? "Thumb" : "ARM");
    printf("segments  %u of %u bytes at %lu\n", h->phnum, h->phentsize, (unsigned long)h->phoff);
    printf("sections  %u of %u bytes at %lu\n", h->shnum, h->shentsize, (unsigned long)h->shoff);
}

static const char *segment_name(uint32_t type)
{
    switch (type) {
    case PT_LOAD: return "LOAD";
    case PT_DYNAMIC: return "DYNAMIC";
    case PT_INTERP: return "INTERP";
    case PT_NOTE: return "NOTE";
    case PT_PHDR: return "PHDR";
    case PT_TLS: return "TLS";
    case PT_GNU_STACK: return "STACK";
    case PT_GNU_RELRO: return "RELRO";
    case PT_ARM_EXIDX: return "EXIDX";
    default: return "other";
    }
}

static void segments_show(const struct elf_file *file)
{
    struct elf32_phdr s;

    printf("\nsegment  offset    address   in file   in memory flags align\n");
    for (unsigned i = 0; i < file->header.phnum && i < ROWS_MAX; i++) {
        if (!elf_segment(file, i, &s)) {
            printf("%-8u outside the file\n", i);
            return;
        }
        printf("%-8s %08lx  %08lx  %08lx  %08lx  %c%c%c   %lx\n", segment_name(s.type),
               (unsigned long)s.offset, (unsigned long)s.vaddr, (unsigned long)s.filesz,
               (unsigned long)s.memsz, s.flags & PF_R ? 'r' : '-', s.flags & PF_W ? 'w' : '-',
               s.flags & PF_X ? 'x' : '-', (unsigned long)s.align);
    }
}

/* ELF-32 Edition 1.1, figure 1-10; ARM's own: ELF for the Arm Architecture, section types. */
static const char *section_type(uint32_t type)
{
    static const char *const names[] = {"NULL",   "PROGBITS", "SYMTAB",  "STRTAB",
                                        "RELA",   "HASH",     "DYNAMIC", "NOTE",
                                        "NOBITS", "REL",      "SHLIB",   "DYNSYM"};

    switch (type) {
    case 14: return "INIT_ARR";
    case 15: return "FINI_ARR";
    case 16: return "PREINIT";
    case 0x70000001: return "EXIDX";
    case 0x70000003: return "ATTRIBS";
    default: return type < sizeof names / sizeof names[0] ? names[type] : "other";
    }
}

/* The section's name from the string table, as far as it is printable. */
static void section_name(const struct elf_file *file, const struct elf_section *section,
                         char name[24])
{
    struct elf_section strings;
    size_t len = 0;

    if (elf_section(file, file->header.shstrndx, &strings) && section->name < strings.size) {
        uint64_t at = (uint64_t)strings.offset + section->name;
        for (; at < file->len && isprint(file->bytes[at]) && len < 23; at++)
            name[len++] = (char)file->bytes[at];
    }
    name[len] = '\0';
}

static void sections_show(const struct elf_file *file)
{
    struct elf_section s;
    char name[24];

    printf("\nsection                 type      address   offset    size      flags\n");
    for (unsigned i = 0; i < file->header.shnum && i < ROWS_MAX; i++) {
        if (!elf_section(file, i, &s)) {
            printf("%-23u outside the file\n", i);
            return;
        }
        section_name(file, &s, name);
        printf("%-23s %-8s  %08lx  %08lx  %08lx  %c%c%c\n", name, section_type(s.type),
               (unsigned long)s.addr, (unsigned long)s.offset, (unsigned long)s.size,
               s.flags & 2 ? 'a' : '-', s.flags & 1 ? 'w' : '-', s.flags & 4 ? 'x' : '-');
    }
}

static void range_show(uint32_t from, uint32_t to, uint32_t flags, const char *what)
{
    if (from < to)
        printf("%08lx-%08lx %c%c%c  %s\n", (unsigned long)from, (unsigned long)to,
               flags & PF_R ? 'r' : '-', flags & PF_W ? 'w' : '-', flags & PF_X ? 'x' : '-', what);
}

/* A segment is pages of the file, of which the last may be filled up, and pages of zeroes. */
static void mapping_show(const struct elf_load *s)
{
    uint32_t mask = PAGE_BYTES - 1;
    uint32_t start = s->vaddr & ~mask;
    uint32_t file_end = s->filesz ? (s->vaddr + s->filesz + mask) & ~mask : start;
    uint32_t end = (s->vaddr + s->memsz + mask) & ~mask;
    char what[64];

    snprintf(what, sizeof what, "file, from offset 0x%lx%s", (unsigned long)(s->offset & ~mask),
             s->flags & PF_W ? ", copied on write" : "");
    range_show(start, file_end, s->flags, what);
    range_show(file_end, end, s->flags, "zeroes");
}

static void mappings_show(const struct elf_image *image)
{
    printf("\nmapped as%s\n",
           image->type == ET_DYN ? " (the kernel adds a base to the addresses)" : "");
    for (uint32_t i = 0; i < image->nload; i++)
        mapping_show(&image->load[i]);
}

/* What the kernel would say, on a machine with this one's memory. */
static enum elf_error file_check(const struct elf_file *file, struct elf_image *image)
{
    uint64_t memory_kb = 0;

    if (!proc_number("/proc/meminfo", "MemTotal", &memory_kb))
        memory_kb = UINT32_MAX;
    return elf_check(file->bytes, file->len < ELF_HEADER_MAX ? file->len : ELF_HEADER_MAX,
                     file->len, memory_kb * 1024, image);
}

int main(int argc, char **argv)
{
    struct elf_file file = {0};
    struct elf_image image;

    if (argc != 2) {
        fprintf(stderr, "usage: elf FILE\n");
        return 2;
    }
    char *bytes = file_read_all(argv[1], &file.len);
    if (!bytes)
        return fail("elf", argv[1]);
    file.bytes = (const uint8_t *)bytes;
    memcpy(&file.header, bytes, file.len < sizeof file.header ? file.len : sizeof file.header);
    enum elf_error error = file_check(&file, &image);
    if (file.len >= sizeof file.header && memcmp(bytes, "\177ELF", 4) == 0) {
        header_show(&file.header);
        segments_show(&file);
        sections_show(&file);
    }
    if (error == ELF_OK)
        mappings_show(&image);
    else
        printf("\nrefused: %s\n", elf_strerror(error));
    free(bytes);
    return error != ELF_OK;
}
