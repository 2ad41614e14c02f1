/* SPDX-License-Identifier: MIT
 *
 * Decides whether a file is a program that can run here, from its first bytes and its size alone:
 * a pure function, fuzzed on the host. Everything is decided before exec allocates anything; what
 * it needs afterwards stands in struct elf_image, whose numbers are then consistent:
 *  - segments ascend, share no page, lie in user space (ET_DYN: fit into it from base 0), and all
 *    their bytes are in the file; none is both writable and executable;
 *  - the entry lies in an executable segment; TLS's image and RELRO lie in a segment.
 * No locks. Called by exec and by the tool `elf`.
 * Sources: System V ABI (gABI), chapter 5; ELF for the Arm Architecture (IHI 0044).
 */
#ifndef LOADER_ELF_H
#define LOADER_ELF_H

#include "lib/base.h"
#include "loader/elf_format.h"

#define ELF_HEADER_MAX 4096u /* program headers must end within this many bytes of the file */
#define ELF_MAX_PHDRS  32u
#define ELF_MAX_LOAD   16u
#define ELF_MAX_ALIGN  (1u << 24) /* bytes; nothing real asks for more than 64 KiB */
#define ELF_INTERP_MAX 4096u      /* bytes of the interpreter's path, NUL included */

enum elf_error {
    ELF_OK,
    /* Not a program for this machine: -ENOEXEC. */
    ELF_EMPTY,
    ELF_NOT_AN_ELF,
    ELF_FOR_X86,
    ELF_FOR_X86_64,
    ELF_FOR_AARCH64,
    ELF_FOR_RISCV,
    ELF_FOR_MIPS,
    ELF_FOR_POWERPC,
    ELF_FOR_M68K,
    ELF_FOR_S390,
    ELF_FOR_ANOTHER_MACHINE,
    ELF_FOR_ANOTHER_OS,
    ELF_64_BIT,
    ELF_BIG_ENDIAN,
    ELF_NOT_EABI5,
    ELF_OBJECT_FILE,
    ELF_CORE_FILE,
    ELF_BAD_TYPE,
    ELF_BAD_INTERP,
    /* Damaged, or never valid: -ELIBBAD. */
    ELF_TRUNCATED_HEADER,
    ELF_BAD_CLASS,
    ELF_BAD_BYTE_ORDER,
    ELF_BAD_VERSION,
    ELF_BAD_PHENTSIZE,
    ELF_NO_PHDRS,
    ELF_TOO_MANY_PHDRS,
    ELF_PHDRS_OUTSIDE,
    ELF_PHDRS_TOO_FAR,
    ELF_TRUNCATED,
    ELF_FILESZ_OVER_MEMSZ,
    ELF_WRAPS,
    ELF_PAGE_ZERO,
    ELF_KERNEL_ADDRESS,
    ELF_BAD_ALIGN,
    ELF_NOT_CONGRUENT,
    ELF_WRITABLE_AND_EXECUTABLE,
    ELF_NOT_ASCENDING,
    ELF_OVERLAP,
    ELF_SHARED_PAGE,
    ELF_SHARED_PAGE_WX,
    ELF_TOO_MANY_SEGMENTS,
    ELF_NO_SEGMENT,
    ELF_BAD_ENTRY,
    ELF_TWICE,
    ELF_BAD_TLS,
    ELF_BAD_RELRO,
    /* Could run on a larger machine: -ENOMEM. */
    ELF_TOO_BIG,
    ELF_NERRORS,
};

struct elf_load {
    uint32_t vaddr, memsz;   /* bytes; memsz > 0 */
    uint32_t offset, filesz; /* offset and vaddr agree modulo the page if filesz > 0 */
    uint32_t flags;          /* PF_R, PF_W, PF_X */
};

struct elf_tls {
    uint32_t vaddr, filesz, memsz, align; /* align 0: there is no PT_TLS; else a power of two */
};

/* All addresses are the file's: for ET_DYN add the base that the caller chooses, a multiple of
 * align and of the page. */
struct elf_image {
    uint16_t type;                      /* ET_EXEC or ET_DYN */
    uint16_t phnum;                     /* for AT_PHNUM */
    uint32_t entry;                     /* bit 0: Thumb */
    uint32_t phdr_vaddr;                /* for AT_PHDR; 0 if no segment holds the program headers */
    uint32_t low, high;                 /* first byte of the first segment, end of the last */
    uint32_t align;                     /* largest of the segments, at least a page; bytes */
    uint32_t npages;                    /* over all segments */
    uint32_t interp_offset, interp_len; /* PT_INTERP, NUL included; 0: none */
    uint32_t relro_vaddr, relro_memsz;  /* memsz 0: none; may end in its segment's last page */
    struct elf_tls tls;
    bool stack_exec; /* PT_GNU_STACK asks for an executable stack */
    uint32_t nload;
    struct elf_load load[ELF_MAX_LOAD];
};

/* header: the file's first bytes, header_len = file_size or ELF_HEADER_MAX, whichever is less.
 * limit_bytes: what all segments together may take, in whole pages. *out is written with ELF_OK
 * only. The interpreter's path is the caller's to read and to check. */
enum elf_error elf_check(const void *header, size_t header_len, uint64_t file_size,
                         uint64_t limit_bytes, struct elf_image *out) __must_check;

/* The reason in words, as in "truncated"; and as a negative errno (0 for ELF_OK). */
const char *elf_strerror(enum elf_error error);
int elf_errno(enum elf_error error);

#endif
