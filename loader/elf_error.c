/* SPDX-License-Identifier: MIT
 *
 * Each reason for which elf_check() refuses a file, in words and as an errno. One table; a test
 * checks that it is complete and that no two reasons read alike. Called by exec and by the tool
 * `elf`.
 */
#include "loader/elf.h"

#include "include/uapi/errno.h"

static const char *const reasons[ELF_NERRORS] = {
    [ELF_OK] = "no error",
    [ELF_EMPTY] = "empty file",
    [ELF_NOT_AN_ELF] = "not an ELF file",
    [ELF_FOR_X86] = "for another machine (x86)",
    [ELF_FOR_X86_64] = "for another machine (x86-64)",
    [ELF_FOR_AARCH64] = "for another machine (AArch64)",
    [ELF_FOR_RISCV] = "for another machine (RISC-V)",
    [ELF_FOR_MIPS] = "for another machine (MIPS)",
    [ELF_FOR_POWERPC] = "for another machine (PowerPC)",
    [ELF_FOR_M68K] = "for another machine (M68K)",
    [ELF_FOR_S390] = "for another machine (S/390)",
    [ELF_FOR_ANOTHER_MACHINE] = "for another machine",
    [ELF_FOR_ANOTHER_OS] = "for another operating system",
    [ELF_64_BIT] = "64-bit ELF",
    [ELF_BIG_ENDIAN] = "big-endian ELF",
    [ELF_NOT_EABI5] = "not ARM EABI version 5",
    [ELF_OBJECT_FILE] = "object file, not linked",
    [ELF_CORE_FILE] = "core file",
    [ELF_BAD_TYPE] = "unknown type of ELF file",
    [ELF_BAD_INTERP] = "damaged name of the interpreter",
    [ELF_TRUNCATED_HEADER] = "truncated in the ELF header",
    [ELF_BAD_CLASS] = "unknown ELF class",
    [ELF_BAD_BYTE_ORDER] = "unknown byte order",
    [ELF_BAD_VERSION] = "unknown ELF version",
    [ELF_BAD_PHENTSIZE] = "program headers of a wrong size",
    [ELF_NO_PHDRS] = "no program headers",
    [ELF_TOO_MANY_PHDRS] = "too many program headers",
    [ELF_PHDRS_OUTSIDE] = "program headers outside the file",
    [ELF_PHDRS_TOO_FAR] = "program headers not within the first 4096 bytes",
    [ELF_TRUNCATED] = "truncated: a segment's bytes are not all in the file",
    [ELF_FILESZ_OVER_MEMSZ] = "a segment is larger in the file than in memory",
    [ELF_WRAPS] = "a segment wraps round the end of the address space",
    [ELF_PAGE_ZERO] = "a segment in page 0",
    [ELF_KERNEL_ADDRESS] = "a segment outside user space",
    [ELF_BAD_ALIGN] = "an alignment that is not a power of two or too large",
    [ELF_NOT_CONGRUENT] = "a segment whose offset and address differ within the page",
    [ELF_WRITABLE_AND_EXECUTABLE] = "a segment both writable and executable",
    [ELF_NOT_ASCENDING] = "segments not in ascending order",
    [ELF_OVERLAP] = "segments overlap",
    [ELF_SHARED_PAGE] = "two segments share a page",
    [ELF_SHARED_PAGE_WX] = "a writable and an executable segment share a page",
    [ELF_TOO_MANY_SEGMENTS] = "too many segments",
    [ELF_NO_SEGMENT] = "no segment to load",
    [ELF_BAD_ENTRY] = "entry not in an executable segment",
    [ELF_TWICE] = "a program header twice that may occur once",
    [ELF_BAD_TLS] = "thread-local data not in a segment",
    [ELF_BAD_RELRO] = "relocation-read-only range not in a segment",
    [ELF_TOO_BIG] = "larger than memory",
};

const char *elf_strerror(enum elf_error error)
{
    return (unsigned)error < ELF_NERRORS ? reasons[error] : "unknown error";
}

int elf_errno(enum elf_error error)
{
    if (error == ELF_OK)
        return 0;
    if (error < ELF_TRUNCATED_HEADER)
        return -ENOEXEC;
    return error == ELF_TOO_BIG ? -ENOMEM : -ELIBBAD;
}
