/* SPDX-License-Identifier: MIT
 *
 * The ELF file format as far as 32-bit ARM programs use it: structures as they lie in the file and
 * the numbers in them. No code, no knowledge of Quire. Used by loader/ and by the tool `elf`.
 * Sources: System V ABI (gABI), chapters 4 and 5; ELF for the Arm Architecture (IHI 0044).
 */
#ifndef LOADER_ELF_FORMAT_H
#define LOADER_ELF_FORMAT_H

#include <stdint.h>

struct elf32_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf32_phdr {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

enum { EI_CLASS = 4, EI_DATA = 5, EI_VERSION = 6, EI_OSABI = 7 };
enum { ELFCLASS32 = 1, ELFCLASS64 = 2, ELFDATA2LSB = 1, ELFDATA2MSB = 2, EV_CURRENT = 1 };
enum { ELFOSABI_NONE = 0, ELFOSABI_LINUX = 3, ELFOSABI_ARM = 97 };
enum { ET_REL = 1, ET_EXEC = 2, ET_DYN = 3, ET_CORE = 4 };
enum {
    EM_386 = 3,
    EM_68K = 4,
    EM_MIPS = 8,
    EM_PPC = 20,
    EM_PPC64 = 21,
    EM_S390 = 22,
    EM_ARM = 40,
    EM_X86_64 = 62,
    EM_AARCH64 = 183,
    EM_RISCV = 243,
};

#define EF_ARM_EABI_MASK 0xff000000u
#define EF_ARM_EABI_VER5 0x05000000u

enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_PHDR = 6, PT_TLS = 7 };
#define PT_GNU_STACK 0x6474e551u
#define PT_GNU_RELRO 0x6474e552u

enum { PF_X = 1, PF_W = 2, PF_R = 4 };

#endif
