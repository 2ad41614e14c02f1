/* SPDX-License-Identifier: MIT
 *
 * Validation of ELF files: one good image, built here, and for each way of being malformed the
 * image with that one thing changed. A table row is a patch and the reason expected.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "loader/elf.h"

#define NPHDRS     7u
#define FILE_BYTES 0x3000u
#define LIMIT      (64u << 20)

enum { TEXT, RODATA, DATA, TLS, STACK, RELRO, SPARE };

struct file {
    struct elf32_header header;
    struct elf32_phdr phdr[NPHDRS];
};

/* Text at 0x10000, constants at 0x11000, data with bss at 0x12000, as a linker would do it. */
static const struct file good = {
    .header =
        {
            .ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
            .type = ET_EXEC,
            .machine = EM_ARM,
            .version = EV_CURRENT,
            .entry = 0x10200,
            .phoff = 52,
            .flags = 0x05000400,
            .ehsize = 52,
            .phentsize = 32,
            .phnum = NPHDRS,
        },
    .phdr =
        {
            [TEXT] = {PT_LOAD, 0, 0x10000, 0x10000, 0x800, 0x800, PF_R | PF_X, 0x1000},
            [RODATA] = {PT_LOAD, 0x1000, 0x11000, 0x11000, 0x1000, 0x1000, PF_R, 0x1000},
            [DATA] = {PT_LOAD, 0x2000, 0x12000, 0x12000, 0x300, 0x5000, PF_R | PF_W, 0x1000},
            [TLS] = {PT_TLS, 0x2010, 0x12010, 0x12010, 0x20, 0x40, PF_R, 8},
            [STACK] = {PT_GNU_STACK, 0, 0, 0, 0, 0, PF_R | PF_W, 16},
            [RELRO] = {PT_GNU_RELRO, 0x2000, 0x12000, 0x12000, 0x200, 0x200, PF_R, 1},
            [SPARE] = {0},
        },
};

/* Checks the file from an allocation of exactly what exec would read. */
static enum elf_error check_sized(const struct file *f, size_t len, uint64_t file_size,
                                  struct elf_image *out)
{
    uint8_t *bytes = calloc(1, len > 0 ? len : 1);
    enum elf_error error;

    memcpy(bytes, f, MIN(len, sizeof(*f)));
    error = elf_check(bytes, len, file_size, LIMIT, out);
    free(bytes);
    return error;
}

static enum elf_error check(const struct file *f, struct elf_image *out)
{
    return check_sized(f, ELF_HEADER_MAX, FILE_BYTES, out);
}

static void good_image(void **state)
{
    struct elf_image m;

    (void)state;
    assert_int_equal(check(&good, &m), ELF_OK);
    assert_int_equal(m.type, ET_EXEC);
    assert_int_equal(m.phnum, NPHDRS);
    assert_int_equal(m.entry, 0x10200);
    assert_int_equal(m.phdr_vaddr, 0x10034);
    assert_int_equal(m.low, 0x10000);
    assert_int_equal(m.high, 0x17000);
    assert_int_equal(m.align, 0x1000);
    assert_int_equal(m.npages, 7);
    assert_int_equal(m.nload, 3);
    assert_int_equal(m.load[2].vaddr, 0x12000);
    assert_int_equal(m.load[2].memsz, 0x5000);
    assert_int_equal(m.load[2].offset, 0x2000);
    assert_int_equal(m.load[2].filesz, 0x300);
    assert_int_equal(m.load[2].flags, PF_R | PF_W);
    assert_int_equal(m.tls.vaddr, 0x12010);
    assert_int_equal(m.tls.filesz, 0x20);
    assert_int_equal(m.tls.memsz, 0x40);
    assert_int_equal(m.tls.align, 8);
    assert_int_equal(m.relro_vaddr, 0x12000);
    assert_int_equal(m.relro_memsz, 0x200);
    assert_int_equal(m.interp_len, 0);
    assert_false(m.stack_exec);
}

/* A patch: `size` bytes at the offset in struct file become the value. */
struct patch {
    size_t offset, size;
    uint32_t value;
};

struct row {
    enum elf_error expected;
    struct patch patch[3];
};

#define H(field, v)                                                                                \
    {                                                                                              \
        offsetof(struct file, header.field), sizeof(good.header.field), v                          \
    }
#define ID(i, v)                                                                                   \
    {                                                                                              \
        offsetof(struct file, header.ident) + (i), 1, v                                            \
    }
#define P(i, field, v)                                                                             \
    {                                                                                              \
        offsetof(struct file, phdr[i].field), 4, v                                                 \
    }
#define SPARE_IS(t) P(SPARE, type, t)

static void apply(struct file *f, const struct row *row)
{
    *f = good;
    for (unsigned i = 0; i < ARRAY_SIZE(row->patch); i++)
        memcpy((uint8_t *)f + row->patch[i].offset, &row->patch[i].value, row->patch[i].size);
}

static void check_rows(const struct row *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct elf_image untouched, m;
        struct file f;
        enum elf_error error;

        memset(&m, 0x5a, sizeof(m));
        untouched = m;
        apply(&f, &rows[i]);
        error = check(&f, &m);
        if (error != rows[i].expected)
            fail_msg("row %u: \"%s\" instead of \"%s\"", i, elf_strerror(error),
                     elf_strerror(rows[i].expected));
        if (error != ELF_OK)
            assert_memory_equal(&m, &untouched, sizeof(m));
    }
}

static void identification(void **state)
{
    static const struct row rows[] = {
        {ELF_NOT_AN_ELF, {ID(0, 0)}},
        {ELF_NOT_AN_ELF, {ID(3, 'f')}},
        {ELF_64_BIT, {ID(EI_CLASS, 2)}},
        {ELF_BAD_CLASS, {ID(EI_CLASS, 0)}},
        {ELF_BAD_CLASS, {ID(EI_CLASS, 3)}},
        {ELF_BIG_ENDIAN, {ID(EI_DATA, 2), H(machine, EM_ARM << 8)}},
        {ELF_FOR_ANOTHER_MACHINE, {ID(EI_DATA, 2)}},
        {ELF_BAD_BYTE_ORDER, {ID(EI_DATA, 0)}},
        {ELF_BAD_BYTE_ORDER, {ID(EI_DATA, 3)}},
        {ELF_BAD_VERSION, {ID(EI_VERSION, 0)}},
        {ELF_BAD_VERSION, {H(version, 2)}},
        {ELF_FOR_ANOTHER_OS, {ID(EI_OSABI, 9)}},
        {ELF_OK, {ID(EI_OSABI, ELFOSABI_LINUX)}},
        {ELF_OK, {ID(EI_OSABI, ELFOSABI_ARM)}},
        {ELF_FOR_X86, {H(machine, 3)}},
        {ELF_FOR_X86_64, {H(machine, 62), ID(EI_CLASS, 2)}},
        {ELF_FOR_AARCH64, {H(machine, 183), ID(EI_CLASS, 2)}},
        {ELF_FOR_RISCV, {H(machine, 243)}},
        {ELF_FOR_MIPS, {H(machine, 8)}},
        {ELF_FOR_MIPS, {H(machine, 8 << 8), ID(EI_DATA, 2)}},
        {ELF_FOR_POWERPC, {H(machine, 20 << 8), ID(EI_DATA, 2)}},
        {ELF_FOR_POWERPC, {H(machine, 21)}},
        {ELF_FOR_M68K, {H(machine, 4 << 8), ID(EI_DATA, 2)}},
        {ELF_FOR_S390, {H(machine, 22 << 8), ID(EI_DATA, 2)}},
        {ELF_FOR_ANOTHER_MACHINE, {H(machine, 0)}},
    };

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
}

static void header(void **state)
{
    static const struct row rows[] = {
        {ELF_OBJECT_FILE, {H(type, ET_REL)}},
        {ELF_CORE_FILE, {H(type, ET_CORE)}},
        {ELF_BAD_TYPE, {H(type, 0)}},
        {ELF_BAD_TYPE, {H(type, 0xff00)}},
        {ELF_NOT_EABI5, {H(flags, 0x04000000)}},
        {ELF_NOT_EABI5, {H(flags, 0)}},
        {ELF_NO_PHDRS, {H(phnum, 0)}},
        {ELF_NO_PHDRS, {H(phoff, 0)}},
        {ELF_BAD_PHENTSIZE, {H(phentsize, 31)}},
        {ELF_BAD_PHENTSIZE, {H(phentsize, 56)}},
        {ELF_BAD_PHENTSIZE, {H(phentsize, 0)}},
        {ELF_TOO_MANY_PHDRS, {H(phnum, ELF_MAX_PHDRS + 1)}},
        {ELF_TOO_MANY_PHDRS, {H(phnum, 0xffff)}},
        {ELF_PHDRS_OUTSIDE, {H(phoff, FILE_BYTES - NPHDRS * 32 + 1)}},
        {ELF_PHDRS_OUTSIDE, {H(phoff, 0xffffffff)}},
        {ELF_PHDRS_TOO_FAR, {H(phoff, FILE_BYTES - NPHDRS * 32)}},
        {ELF_PHDRS_TOO_FAR, {H(phoff, ELF_HEADER_MAX - NPHDRS * 32 + 1)}},
        {ELF_NO_SEGMENT, {H(phoff, ELF_HEADER_MAX - NPHDRS * 32)}},
    };

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
}

static void one_segment(void **state)
{
    static const struct row rows[] = {
        {ELF_TRUNCATED, {P(RODATA, filesz, 0x2001), P(RODATA, memsz, 0x2001)}},
        {ELF_TRUNCATED, {P(DATA, offset, 0x3000)}},
        {ELF_TRUNCATED, {P(DATA, offset, 0xfffff000)}},
        {ELF_TRUNCATED, {P(DATA, offset, 0xfffff000), P(DATA, filesz, 0x1000)}},
        {ELF_TRUNCATED, {P(TEXT, filesz, 0xffffffff), P(TEXT, memsz, 0xffffffff)}},
        {ELF_FILESZ_OVER_MEMSZ, {P(RODATA, memsz, 0xfff)}},
        {ELF_FILESZ_OVER_MEMSZ, {P(DATA, memsz, 0)}},
        {ELF_WRAPS, {P(DATA, vaddr, 0xfffff000), P(DATA, memsz, 0x1001)}},
        {ELF_WRAPS, {P(DATA, memsz, 0xffffffff)}},
        {ELF_KERNEL_ADDRESS, {P(DATA, vaddr, 0xfffff000), P(DATA, memsz, 0x1000)}},
        {ELF_KERNEL_ADDRESS, {P(DATA, vaddr, 0x3ffff000), P(DATA, memsz, 0x1001)}},
        {ELF_KERNEL_ADDRESS, {P(DATA, vaddr, 0x50000000)}},
        {ELF_OK, {P(TLS, type, 0), P(RELRO, type, 0), P(DATA, vaddr, 0x3fffb000)}},
        {ELF_PAGE_ZERO, {P(TEXT, vaddr, 0)}},
        {ELF_PAGE_ZERO, {P(TEXT, vaddr, 0xfff), P(TEXT, offset, 0xfff)}},
        {ELF_OK, {P(TEXT, vaddr, 0x1000), H(entry, 0x1200)}},
        {ELF_BAD_ALIGN, {P(DATA, align, 3)}},
        {ELF_BAD_ALIGN, {P(DATA, align, 0xffffffff)}},
        {ELF_BAD_ALIGN, {P(DATA, align, ELF_MAX_ALIGN * 2)}},
        {ELF_OK, {P(DATA, align, 0), P(TEXT, align, 1)}},
        {ELF_NOT_CONGRUENT, {P(DATA, offset, 0x2004)}},
        {ELF_NOT_CONGRUENT, {P(DATA, vaddr, 0x12800)}},
        {ELF_WRITABLE_AND_EXECUTABLE, {P(TEXT, flags, 7)}},
        {ELF_WRITABLE_AND_EXECUTABLE, {P(DATA, flags, 3)}},
        {ELF_TOO_BIG, {P(DATA, memsz, LIMIT)}},
        {ELF_OK, {P(DATA, memsz, LIMIT - 0x2000)}},
        {ELF_TOO_BIG, {P(DATA, memsz, LIMIT - 0x2000 + 1)}},
        {ELF_TOO_BIG, {P(TLS, memsz, LIMIT + 1)}},
    };

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
}

static void segments_together(void **state)
{
    static const struct row rows[] = {
        {ELF_NOT_ASCENDING, {P(RODATA, vaddr, 0xf000)}},
        {ELF_NOT_ASCENDING, {P(DATA, vaddr, 0x10000)}},
        {ELF_OVERLAP, {P(RODATA, vaddr, 0x10000)}},
        {ELF_OVERLAP, {P(DATA, vaddr, 0x11000)}},
        {ELF_OVERLAP, {P(TEXT, memsz, 0x1001)}},
        {ELF_SHARED_PAGE, {P(RODATA, vaddr, 0x10800), P(RODATA, offset, 0x800)}},
        {ELF_SHARED_PAGE_WX,
         {P(RODATA, vaddr, 0x10800), P(RODATA, offset, 0x800), P(RODATA, flags, PF_R | PF_W)}},
        {ELF_NO_SEGMENT, {P(TEXT, type, 0), P(RODATA, type, 0), P(DATA, type, 0)}},
        {ELF_OK, {P(SPARE, type, PT_LOAD)}}, /* nothing in the file, nothing in memory */
    };

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
}

static void entries(void **state)
{
    static const struct row rows[] = {
        {ELF_OK, {H(entry, 0x10000)}},
        {ELF_OK, {H(entry, 0x107fc)}},
        {ELF_OK, {H(entry, 0x10201)}},
        {ELF_OK, {H(entry, 0x10203)}}, /* Thumb code may begin at 2 modulo 4 */
        {ELF_BAD_ENTRY, {H(entry, 0x10202)}},
        {ELF_BAD_ENTRY, {H(entry, 0x10800)}},
        {ELF_BAD_ENTRY, {H(entry, 0xfffc)}},
        {ELF_BAD_ENTRY, {H(entry, 0)}},
        {ELF_BAD_ENTRY, {H(entry, 0x11000)}},
        {ELF_BAD_ENTRY, {H(entry, 0x12000)}},
        {ELF_BAD_ENTRY, {H(entry, 0xffffffff)}},
        {ELF_BAD_ENTRY, {P(TEXT, flags, PF_R)}},
        {ELF_BAD_ENTRY, {P(TEXT, type, 0)}},
    };

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
}

static void other_headers(void **state)
{
    static const struct row rows[] = {
        {ELF_BAD_TLS, {P(TLS, vaddr, 0x12300)}},
        {ELF_BAD_TLS, {P(TLS, vaddr, 0x122e1)}},
        {ELF_OK, {P(TLS, vaddr, 0x122e0)}},
        {ELF_BAD_TLS, {P(TLS, vaddr, 0xfffffff0), P(TLS, filesz, 0x10), P(TLS, memsz, 0x10)}},
        {ELF_OK, {P(TLS, vaddr, 0x12300), P(TLS, filesz, 0)}},
        {ELF_FILESZ_OVER_MEMSZ, {P(TLS, memsz, 0x1f)}},
        {ELF_TRUNCATED, {P(TLS, offset, 0x2ff0)}},
        {ELF_WRAPS, {P(TLS, memsz, 0xffffffff)}},
        {ELF_BAD_ALIGN, {P(TLS, align, 12)}},
        {ELF_TWICE, {SPARE_IS(PT_TLS)}},
        {ELF_BAD_RELRO, {P(RELRO, vaddr, 0x18000)}},
        {ELF_BAD_RELRO, {P(RELRO, memsz, 0x5001)}},
        {ELF_BAD_RELRO, {P(RELRO, memsz, 0xffffffff)}},
        {ELF_OK, {P(DATA, memsz, 0x300), P(RELRO, memsz, 0x1000)}},
        {ELF_TWICE, {SPARE_IS(PT_GNU_RELRO)}},
        {ELF_BAD_INTERP, {SPARE_IS(PT_INTERP)}},
        {ELF_BAD_INTERP, {SPARE_IS(PT_INTERP), P(SPARE, filesz, 1)}},
        {ELF_TRUNCATED, {SPARE_IS(PT_INTERP), P(SPARE, filesz, 20), P(SPARE, offset, 0x2ff0)}},
        {ELF_OK, {SPARE_IS(PT_INTERP), P(SPARE, filesz, 20)}},
        {ELF_OK, {SPARE_IS(PT_INTERP), P(SPARE, filesz, ELF_INTERP_MAX)}},
        {ELF_BAD_INTERP, {SPARE_IS(PT_INTERP), P(SPARE, filesz, ELF_INTERP_MAX + 1)}},
        {ELF_OK, {SPARE_IS(0x70000001)}},
    };
    struct file f = good;
    struct elf_image m;

    (void)state;
    check_rows(rows, ARRAY_SIZE(rows));
    f.phdr[STACK] = f.phdr[SPARE] = (struct elf32_phdr){.type = PT_INTERP, .filesz = 20};
    assert_int_equal(check(&f, &m), ELF_TWICE);

    f = good;
    f.phdr[SPARE] = (struct elf32_phdr){.type = PT_INTERP, .offset = 0x340, .filesz = 20};
    assert_int_equal(check(&f, &m), ELF_OK);
    assert_int_equal(m.interp_offset, 0x340);
    assert_int_equal(m.interp_len, 20);

    f = good;
    f.phdr[STACK].flags |= PF_X;
    assert_int_equal(check(&f, &m), ELF_OK);
    assert_true(m.stack_exec);
}

static void writable_before_executable(void **state)
{
    struct file f = good;
    struct elf_image m;

    (void)state;
    f.phdr[TEXT].flags = PF_R | PF_W;
    f.phdr[RODATA] = (struct elf32_phdr){PT_LOAD, 0x900, 0x10900, 0, 0x100, 0x100, PF_R | PF_X, 0};
    f.header.entry = 0x10900;
    assert_int_equal(check(&f, &m), ELF_SHARED_PAGE_WX);
    f.phdr[RODATA].vaddr = 0x11900;
    f.header.entry = 0x11900;
    assert_int_equal(check(&f, &m), ELF_OK);
}

static void truncated(void **state)
{
    struct elf_image m;

    (void)state;
    assert_int_equal(check_sized(&good, 0, 0, &m), ELF_EMPTY);
    for (size_t len = 1; len < FILE_BYTES; len++) {
        enum elf_error error = check_sized(&good, MIN(len, (size_t)ELF_HEADER_MAX), len, &m);

        if (len < sizeof(good.header))
            assert_int_equal(error, ELF_TRUNCATED_HEADER);
        else if (len < sizeof(good))
            assert_int_equal(error, ELF_PHDRS_OUTSIDE);
        else if (len < 0x2300)
            assert_int_equal(error, ELF_TRUNCATED);
        else
            assert_int_equal(error, ELF_OK);
    }
}

/* A position-independent program begins at 0 and must fit between page 1 and the kernel. */
static void position_independent(void **state)
{
    struct file f = good;
    struct elf_image m;

    (void)state;
    f.header.type = ET_DYN;
    for (unsigned i = 0; i < NPHDRS; i++)
        f.phdr[i].vaddr -= f.phdr[i].memsz ? 0x10000 : 0;
    f.header.entry -= 0x10000;
    f.phdr[DATA].align = 0x10000;
    assert_int_equal(check(&f, &m), ELF_OK);
    assert_int_equal(m.type, ET_DYN);
    assert_int_equal(m.low, 0);
    assert_int_equal(m.phdr_vaddr, 0x34);
    assert_int_equal(m.align, 0x10000);
    f.phdr[DATA].memsz = 0x3ffff000 - 0x2000;
    assert_int_equal(check(&f, &m), ELF_TOO_BIG);
    f.phdr[DATA].memsz++;
    assert_int_equal(check(&f, &m), ELF_KERNEL_ADDRESS);
}

static void too_many_segments(void **state)
{
    struct {
        struct elf32_header header;
        struct elf32_phdr phdr[ELF_MAX_LOAD + 1];
    } f = {.header = good.header};
    struct elf_image m;

    (void)state;
    f.header.entry = 0x10000;
    for (uint32_t i = 0; i <= ELF_MAX_LOAD; i++)
        f.phdr[i] = (struct elf32_phdr){PT_LOAD, 0,     0x10000 + i * 0x1000, 0,
                                        0x100,   0x100, PF_R | PF_X,          0x1000};
    f.header.phnum = ELF_MAX_LOAD;
    assert_int_equal(elf_check(&f, sizeof(f), 0x1000, LIMIT, &m), ELF_OK);
    assert_int_equal(m.nload, ELF_MAX_LOAD);
    f.header.phnum = ELF_MAX_LOAD + 1;
    assert_int_equal(elf_check(&f, sizeof(f), 0x1000, LIMIT, &m), ELF_TOO_MANY_SEGMENTS);
}

static void messages(void **state)
{
    (void)state;
    for (int e = ELF_OK; e < ELF_NERRORS; e++) {
        int n = elf_errno((enum elf_error)e);

        assert_non_null(elf_strerror((enum elf_error)e));
        for (int other = 0; other < e; other++)
            assert_string_not_equal(elf_strerror((enum elf_error)e),
                                    elf_strerror((enum elf_error)other));
        assert_true(e == ELF_OK ? n == 0 : n == -ENOEXEC || n == -ELIBBAD || n == -ENOMEM);
    }
    assert_int_equal(elf_errno(ELF_NOT_AN_ELF), -ENOEXEC);
    assert_int_equal(elf_errno(ELF_FOR_X86_64), -ENOEXEC);
    assert_int_equal(elf_errno(ELF_BAD_INTERP), -ENOEXEC);
    assert_int_equal(elf_errno(ELF_TRUNCATED_HEADER), -ELIBBAD);
    assert_int_equal(elf_errno(ELF_TRUNCATED), -ELIBBAD);
    assert_int_equal(elf_errno(ELF_TOO_BIG), -ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_image),
        cmocka_unit_test(identification),
        cmocka_unit_test(header),
        cmocka_unit_test(one_segment),
        cmocka_unit_test(segments_together),
        cmocka_unit_test(writable_before_executable),
        cmocka_unit_test(entries),
        cmocka_unit_test(other_headers),
        cmocka_unit_test(truncated),
        cmocka_unit_test(position_independent),
        cmocka_unit_test(too_many_segments),
        cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
