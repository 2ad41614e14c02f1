/* SPDX-License-Identifier: MIT
 *
 * Tables of the MMU, transcribed a second time: classes of the fault status codes, from ARM DDI
 * 0406C table B3-23, and descriptor bits, from B3.5.1 (figures B3-4 and B3-5), with AP[2:1] as in
 * table B3-8 (SCTLR.AFE = 1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/arm/mmu.h"
#include "arch/arm/trap.h"

static const struct {
    uint8_t fs; /* FS[4:0] */
    enum fsr_class class;
} codes[] = {
    {0x01, FSR_ALIGNMENT},                            /* 00001 alignment fault */
    {0x02, FSR_DEBUG},                                /* 00010 debug event */
    {0x03, FSR_ACCESS_FLAG}, {0x06, FSR_ACCESS_FLAG}, /* 00011 section, 00110 page */
    {0x04, FSR_EXTERNAL},                             /* 00100 instruction cache maintenance */
    {0x05, FSR_TRANSLATION}, {0x07, FSR_TRANSLATION}, /* 00101 section, 00111 page */
    {0x08, FSR_EXTERNAL},                             /* 01000 synchronous external abort */
    {0x09, FSR_DOMAIN},      {0x0b, FSR_DOMAIN},      /* 01001 section, 01011 page */
    {0x0c, FSR_EXTERNAL},    {0x0e, FSR_EXTERNAL},    /* 01100, 01110 on a table walk */
    {0x0d, FSR_PERMISSION},  {0x0f, FSR_PERMISSION},  /* 01101 section, 01111 page */
    {0x16, FSR_EXTERNAL},                             /* 10110 asynchronous external abort */
    {0x18, FSR_EXTERNAL},                             /* 11000 asynchronous parity error */
    {0x19, FSR_EXTERNAL},                             /* 11001 synchronous parity error */
    {0x1c, FSR_EXTERNAL},    {0x1e, FSR_EXTERNAL},    /* 11100, 11110 parity on a walk */
};

static void test_fault_status(void **state)
{
    (void)state;
    for (unsigned fs = 0; fs < 32; fs++) {
        uint32_t fsr = (fs & 15) | (fs >> 4) << 10;
        enum fsr_class wanted = FSR_OTHER;

        for (unsigned i = 0; i < ARRAY_SIZE(codes); i++)
            if (codes[i].fs == fs)
                wanted = codes[i].class;
        assert_int_equal(fsr_classify(fsr), wanted);
        /* WnR (11), ExT (12), domain (7:4) are no part of the code. */
        assert_int_equal(fsr_classify(fsr | 1u << 11 | 1u << 12 | 0xf0), wanted);
    }
}

static void test_descriptors(void **state)
{
    (void)state;
    /* First level, bits [1:0]: 01 page table, 10 section. PXN of a table is bit 2. */
    assert_int_equal(L1_TABLE, 1);
    assert_int_equal(L1_TABLE_PXN, 1 << 2);
    /* Section: B 2, C 3, XN 4, AP[1:0] 11:10, TEX 14:12, AP[2] 15, S 16. */
    assert_int_equal(L1_SECTION | L1_SECTION_B | L1_SECTION_C | L1_SECTION_XN, 2 | 4 | 8 | 16);
    assert_int_equal(L1_SECTION_AF, 1 << 10);
    assert_int_equal(L1_SECTION_TEX, 1 << 12);
    assert_int_equal(L1_SECTION_RO, 1 << 15);
    assert_int_equal(L1_SECTION_S, 1 << 16);
    /* Small page: XN 0, 1 set, B 2, C 3, AP[1:0] 5:4, TEX 8:6, AP[2] 9, S 10, nG 11. */
    assert_int_equal(L2_XN | L2_PAGE | L2_B | L2_C, 1 | 2 | 4 | 8);
    assert_int_equal(L2_AF | L2_USER, 1 << 4 | 1 << 5);
    assert_int_equal(L2_TEX0, 1 << 6);
    assert_int_equal(L2_RO | L2_S | L2_NG, 1 << 9 | 1 << 10 | 1 << 11);
    /* TEX 001 C 1 B 1: write-back write-allocate; TEX 000 C 0 B 1: shareable device. */
    assert_int_equal(L2_NORMAL & 0x1cc, 0x04c);
    assert_int_equal(L2_DEVICE & 0x1cc, 0x004);
    assert_int_equal(L1_NORMAL & 0x700c, 0x100c);
    /* TTBR: IRGN[0] 6, IRGN[1] 0: 01 write-back write-allocate; RGN 4:3: 01; S 1. */
    assert_int_equal(TTBR_FLAGS, 1 << 6 | 1 << 3 | 1 << 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_status),
        cmocka_unit_test(test_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
