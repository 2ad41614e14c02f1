/* SPDX-License-Identifier: MIT
 *
 * Access to the system control coprocessor, and the barriers that go with it: one line a register
 * in the table below makes cp15_read_NAME() and cp15_write_NAME(). No ordering is implied; whoever
 * needs an ISB says so. ARM DDI 0406C B3.17 (list), B4.1 (each register by name).
 */
#ifndef ARCH_ARM_CP15_H
#define ARCH_ARM_CP15_H

#include "arch/arm/lint.h"
#include "lib/base.h"

#define dmb() __asm__ volatile("dmb" ::: "memory")

static inline void isb(void)
{
    __asm__ volatile("isb" ::: "memory");
    if (IS_ENABLED(CONFIG_LINT))
        lint_isb();
}

static inline void dsb(void)
{
    __asm__ volatile("dsb" ::: "memory");
    if (IS_ENABLED(CONFIG_LINT))
        lint_dsb();
}

#define CP15_R(name, crn, op1, crm, op2)                                                           \
    static inline uint32_t cp15_read_##name(void)                                                  \
    {                                                                                              \
        uint32_t value;                                                                            \
        __asm__ volatile("mrc p15, " #op1 ", %0, " #crn ", " #crm ", " #op2                        \
                         : "=r"(value)::"memory");                                                 \
        return value;                                                                              \
    }

#define CP15_W(name, crn, op1, crm, op2)                                                           \
    static inline void cp15_write_##name(uint32_t value)                                           \
    {                                                                                              \
        __asm__ volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 ::"r"(value)           \
                         : "memory");                                                              \
    }

/* As CP15_W; hardware lint is told first. */
#define CP15_L(name, crn, op1, crm, op2)                                                           \
    static inline void cp15_write_##name(uint32_t value)                                           \
    {                                                                                              \
        if (IS_ENABLED(CONFIG_LINT))                                                               \
            lint_cp15(LINT_##name, value);                                                         \
        __asm__ volatile("mcr p15, " #op1 ", %0, " #crn ", " #crm ", " #op2 ::"r"(value)           \
                         : "memory");                                                              \
    }

#define CP15_R64(name, op1, crm)                                                                   \
    static inline uint64_t cp15_read_##name(void)                                                  \
    {                                                                                              \
        uint32_t low, high;                                                                        \
        __asm__ volatile("mrrc p15, " #op1 ", %0, %1, " #crm : "=r"(low), "=r"(high)::"memory");   \
        return (uint64_t)high << 32 | low;                                                         \
    }

#define CP15_W64(name, op1, crm)                                                                   \
    static inline void cp15_write_##name(uint64_t value)                                           \
    {                                                                                              \
        __asm__ volatile("mcrr p15, " #op1 ", %0, %1, " #crm ::"r"((uint32_t)value),               \
                         "r"((uint32_t)(value >> 32))                                              \
                         : "memory");                                                              \
    }

#define CP15_RW(...)   CP15_R(__VA_ARGS__) CP15_W(__VA_ARGS__)
#define CP15_RL(...)   CP15_R(__VA_ARGS__) CP15_L(__VA_ARGS__)
#define CP15_RW64(...) CP15_R64(__VA_ARGS__) CP15_W64(__VA_ARGS__)

/* clang-format off */
/*        name       CRn  op1 CRm  op2 */
CP15_R   (cntfrq,    c14, 0,  c0,  0)       /* counter frequency, Hz */
CP15_RW  (cntv_ctl,  c14, 0,  c3,  1)       /* bit 0 ENABLE, 1 IMASK, 2 ISTATUS */
CP15_W   (cntkctl,   c14, 0,  c1,  0)       /* bit 0 physical, 1 virtual counter for user mode */
CP15_R64 (cntvct,         1,  c14)          /* virtual count */
CP15_RW64(cntv_cval,      3,  c14)          /* virtual compare value */
CP15_R   (midr,      c0,  0,  c0,  0)       /* main ID */
CP15_R   (mpidr,     c0,  0,  c0,  5)       /* affinity: which core */
CP15_R   (ctr,       c0,  0,  c0,  1)       /* cache type: line sizes */
CP15_R   (id_pfr0,   c0,  0,  c1,  0)       /* bits 15:12 ThumbEE */
CP15_R   (id_mmfr0,  c0,  0,  c1,  4)       /* bits 3:0 VMSA: 4 and up has PXN */
CP15_RW  (sctlr,     c1,  0,  c0,  0)
CP15_RW  (cpacr,     c1,  0,  c0,  2)       /* access to VFP and NEON */
CP15_RL  (ttbr0,     c2,  0,  c0,  0)
CP15_W   (dacr,      c3,  0,  c0,  0)       /* domain n: bits 2n+1:2n, 0 closed, 1 checked */
CP15_R   (dfsr,      c5,  0,  c0,  0)       /* data fault status */
CP15_R   (ifsr,      c5,  0,  c0,  1)       /* instruction fault status */
CP15_R   (dfar,      c6,  0,  c0,  0)       /* data fault address */
CP15_R   (ifar,      c6,  0,  c0,  2)       /* instruction fault address */
CP15_R   (par,       c7,  0,  c4,  0)       /* answer to ats1cpr: bit 0 fault */
CP15_W   (ats1cpr,   c7,  0,  c8,  0)       /* translate as a read by the kernel */
CP15_W   (dccmvac,   c7,  0,  c10, 1)       /* clean data line by address to coherency */
CP15_W   (dccimvac,  c7,  0,  c14, 1)       /* and invalidate it */
CP15_L   (iciallu,   c7,  0,  c5,  0)       /* invalidate all instruction caches */
CP15_W   (bpiall,    c7,  0,  c5,  6)       /* and the branch predictor */
CP15_L   (icialluis, c7,  0,  c1,  0)       /* both on all CPUs */
CP15_W   (bpiallis,  c7,  0,  c1,  6)
CP15_L   (dccmvau,   c7,  0,  c11, 1)       /* clean data line by address to unification */
CP15_L   (tlbiall,   c8,  0,  c7,  0)       /* invalidate the whole TLB */
CP15_L   (tlbimva,   c8,  0,  c7,  1)       /* by address and ASID */
CP15_L   (tlbiasid,  c8,  0,  c7,  2)       /* by ASID */
CP15_L   (tlbimvaa,  c8,  0,  c7,  3)       /* by address, all ASIDs */
CP15_L   (tlbiallis, c8,  0,  c3,  0)       /* the same four on all CPUs */
CP15_L   (tlbimvais, c8,  0,  c3,  1)
CP15_L   (tlbiasidis, c8, 0,  c3,  2)
CP15_L   (tlbimvaais, c8, 0,  c3,  3)
CP15_W   (vbar,      c12, 0, c0,  0)       /* exception vectors */
CP15_RL  (contextidr, c13, 0, c0,  1)       /* bits 7:0 ASID */
CP15_RW  (tpidrurw,  c13, 0,  c0,  2)       /* user mode's own, readable and writable */
CP15_RW  (tpidruro,  c13, 0,  c0,  3)       /* thread pointer that user mode can read */
CP15_RW  (tpidrprw,  c13, 0,  c0,  4)       /* struct cpu */
/* clang-format on */

#endif
