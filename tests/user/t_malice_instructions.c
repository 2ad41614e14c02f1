/* SPDX-License-Identifier: MIT
 *
 * Instructions that are the kernel's, and accesses that run off the end of a page. Each runs in a
 * child, from a page that is written and then executed: it has no effect or ends the child. Then
 * user mode is as it was, interrupts come, and the kernel lives.
 * Source: ARM DDI 0406C, A8, B6, B9.3 (what user mode may do).
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "malice.h"

#define MODE_AND_MASKS 0x1dfu /* of CPSR: mode, F, I, A */
#define USER_MODE      0x10u

enum outcome {
    ILLEGAL = 1, /* ended by SIGILL */
    TRAP = 2,    /* ended by SIGTRAP */
    NOTHING = 4, /* no effect */
    CRASH = 8,   /* ended by another fault */
    ANY = 15     /* the manual leaves it open */
};

struct instruction {
    const char *name;
    uint32_t code;
    enum outcome allowed;
};

/* Run with r0 = 0xd3 (SVC mode, interrupts masked) and r7 = 20 (getpid). */
static const struct instruction instructions[] = {
    {"msr cpsr_c, r0", 0xe121f000, NOTHING},
    {"msr cpsr_fsxc, r0", 0xe12ff000, NOTHING},
    {"mrs r0, spsr", 0xe14f0000, ANY},
    {"msr spsr_fsxc, r0", 0xe16ff000, ANY},
    {"cpsid aif", 0xf10c01c0, NOTHING},
    {"cpsie aif", 0xf10801c0, NOTHING},
    {"cps #19", 0xf1020013, NOTHING},
    {"cpsid i, #22", 0xf10e0096, NOTHING},
    {"srsdb sp!, #19", 0xf96d0513, ANY},
    {"rfeia r0!", 0xf8b00a00, ANY},
    {"movs pc, lr", 0xe1b0f00e, ANY},
    {"subs pc, lr, #4", 0xe25ef004, ANY},
    {"ldm r0, {r0, pc}^", 0xe8d08001, ANY},
    {"stm r0, {r0, sp, lr}^", 0xe8c06001, ANY},
    {"eret", 0xe160006e, ANY},
    {"hvc #0", 0xe1400070, ILLEGAL},
    {"smc #0", 0xe1600070, ILLEGAL},
    {"bkpt #0", 0xe1200070, TRAP},
    {"bkpt #0xab", 0xe1200a7b, TRAP},
    {"svc #0x123456", 0xef123456, NOTHING},
    {"udf #0", 0xe7f000f0, ILLEGAL},
    {"all ones", 0xffffffff, ILLEGAL},
    {"wfi", 0xe320f003, NOTHING},
    {"wfe", 0xe320f002, NOTHING},
    {"sev", 0xe320f004, NOTHING},
    {"yield", 0xe320f001, NOTHING},
    {"dbg #15", 0xe320f0ff, NOTHING},
    {"clrex", 0xf57ff01f, NOTHING},
    {"pld [r0]", 0xf5d0f000, NOTHING},
    {"bxj lr", 0xe12fff2e, ANY},
    {"mrc SCTLR", 0xee110f10, ILLEGAL},
    {"mcr SCTLR", 0xee010f10, ILLEGAL},
    {"mcr ACTLR", 0xee010f30, ILLEGAL},
    {"mcr CPACR", 0xee010f50, ILLEGAL},
    {"mcr TTBR0", 0xee020f10, ILLEGAL},
    {"mrrc TTBR0", 0xec510f02, ILLEGAL},
    {"mcr TTBCR", 0xee020f50, ILLEGAL},
    {"mcr DACR", 0xee030f10, ILLEGAL},
    {"mrc DFSR", 0xee150f10, ILLEGAL},
    {"mcr DFAR", 0xee060f10, ILLEGAL},
    {"mcr ICIALLU", 0xee070f15, ILLEGAL},
    {"mcr DCIMVAC", 0xee070f36, ILLEGAL},
    {"mcr DCCISW", 0xee070f5e, ILLEGAL},
    {"mcr ATS1CPW", 0xee070f38, ILLEGAL},
    {"mcr TLBIALL", 0xee080f17, ILLEGAL},
    {"mcr VBAR", 0xee0c0f10, ILLEGAL},
    {"mcr CONTEXTIDR", 0xee0d0f30, ILLEGAL},
    {"mcr TPIDRURW", 0xee0d0f50, NOTHING},
    {"mcr TPIDRURO", 0xee0d0f70, ILLEGAL},
    {"mrc TPIDRURO", 0xee1d0f70, NOTHING},
    {"mcr TPIDRPRW", 0xee0d0f90, ILLEGAL},
    {"mrc TPIDRPRW", 0xee1d0f90, ILLEGAL},
    {"mcr CP15ISB", 0xee070f95, NOTHING},
    {"mcr CP15DSB", 0xee070f9a, NOTHING},
    {"mcr CP15DMB", 0xee070fba, NOTHING},
    {"mrc PMCR", 0xee190f1c, ILLEGAL},
    {"mcr PMCNTENSET", 0xee090f3c, ILLEGAL},
    {"mrc PMCCNTR", 0xee190f1d, ILLEGAL},
    {"mcr CNTFRQ", 0xee0e0f10, ILLEGAL},
    {"mcr CNTKCTL", 0xee0e0f11, ILLEGAL},
    {"mcr CNTP_TVAL", 0xee0e0f12, ILLEGAL},
    {"mcr CNTP_CTL", 0xee0e0f32, ILLEGAL},
    {"mcr CNTV_TVAL", 0xee0e0f13, ILLEGAL},
    {"mcr CNTV_CTL", 0xee0e0f33, ILLEGAL},
    {"mrrc CNTPCT", 0xec510f0e, ILLEGAL},
    {"mrrc CNTVCT", 0xec510f1e, NOTHING},
    {"mcr CBAR", 0xee8f0f10, ILLEGAL},
    {"vmrs r0, fpexc", 0xeef80a10, ILLEGAL},
    {"vmsr fpexc, r0", 0xeee80a10, ILLEGAL},
    {"vmrs r0, fpscr", 0xeef10a10, NOTHING},
    {"vmsr fpscr, r0", 0xeee10a10, NOTHING},
    {"vmrs r0, fpsid", 0xeef00a10, ANY},
    {"vmrs r0, fpinst", 0xeef90a10, ANY},
    {"mrc DBGDSCRint", 0xee100e11, ANY},
    {"mcr DBGDSCRext", 0xee000e52, ANY},
    {"mcr DBGDTRTXint", 0xee000e15, ANY},
    {"mcr DBGBCR0", 0xee000eb0, ANY},
    {"mcr TEECR", 0xeec00e10, ILLEGAL},
    {"mcr TEEHBR", 0xeec10e10, ANY},
    {"mcr JMCR", 0xeee20e10, ANY},
    {"ldc p14, c5, [r0]", 0xed905e00, ANY},
    {"stc p14, c5, [r0]", 0xed805e00, ANY},
    {"ldc p15, c0, [r0]", 0xed900f00, ANY},
    {"cdp p15", 0xee000f00, ILLEGAL},
    {"cdp p7", 0xee000700, ILLEGAL},
};

static uint32_t *code; /* a page that may be written and executed */

static void code_make(void)
{
    code = mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
}

static void code_run(uint32_t r0)
{
    sys_raw(SYS_arm_cacheflush, code, (char *)code + PAGE, 0);
    ((void (*)(uint32_t))code)(r0);
}

static uint32_t status_register(void)
{
    uint32_t cpsr;

    __asm__ volatile("mrs %0, cpsr" : "=r"(cpsr));
    return cpsr;
}

/* push {r4-r7, lr}; mov r7, #20; the instruction; pop {r4-r7, pc} */
static int runs_instruction(void *arg)
{
    const struct instruction *i = arg;

    code[0] = 0xe92d40f0;
    code[1] = 0xe3a07014;
    code[2] = i->code;
    code[3] = 0xe8bd80f0;
    code_run(0xd3);
    return (status_register() & MODE_AND_MASKS) == USER_MODE ? 0 : 99;
}

static enum outcome outcome_of(int status)
{
    if (tap_killed_by(status, SIGILL))
        return ILLEGAL;
    if (tap_killed_by(status, SIGTRAP))
        return TRAP;
    if (tap_killed_by(status, SIGSEGV) || tap_killed_by(status, SIGBUS))
        return CRASH;
    return tap_exited_with(status, 0) ? NOTHING : 0;
}

static void test_instructions(void)
{
    code_make();
    for (size_t i = 0; i < TAP_COUNT(instructions); i++) {
        const struct instruction *in = &instructions[i];
        int status = tap_child(runs_instruction, (void *)in);

        if (outcome_of(status) & in->allowed)
            continue;
        tap_fail(in->name, status, "not the end that it should come to");
    }
    tap_pause_ms(20); /* the timer still works */
}

/* setend be; svc; setend le: the kernel stays little-endian. */
static int calls_big_endian(void *arg)
{
    static const uint32_t words[] = {0xe92d40f0, 0xe3a07014, 0xf1010200,
                                     0xef000000, 0xf1010000, 0xe8bd80f0};
    int pid = 0;

    (void)arg;
    memcpy(code, words, sizeof words);
    sys_raw(SYS_arm_cacheflush, code, (char *)code + PAGE, 0);
    pid = ((int (*)(void))code)();
    return pid == getpid() ? 0 : 1;
}

/* The same, and then big-endian for good: a fork and an exec later all is as it should be. */
static int stays_big_endian(void *arg)
{
    static const uint32_t words[] = {0xf1010200, 0xe3a07002, 0xef000000,
                                     0xe3a00007, 0xe3a07001, 0xef000000};

    (void)arg;
    memcpy(code, words, sizeof words);
    code_run(0);
    return 1;
}

static void test_big_endian(void)
{
    code_make();
    CHECK(tap_exited_with(tap_child(calls_big_endian, NULL), 0));
    CHECK(tap_exited_with(tap_child(stays_big_endian, NULL), 7));
}

/* Accesses that begin in the last bytes of a page; `over` says that they need the next one. */
static const struct access {
    const char *name;
    uint32_t code; /* with the address in r0 */
    uint32_t before_end;
    bool over;
} accesses[] = {
    {"ldr over the end", 0xe5901000, 2, true},    {"str over the end", 0xe5801000, 2, true},
    {"ldrh over the end", 0xe1d010b0, 1, true},   {"ldr at the end", 0xe5901000, 4, false},
    {"ldrd over the end", 0xe1c020d0, 4, true},   {"strd over the end", 0xe1c020f0, 4, true},
    {"ldm over the end", 0xe890000e, 8, true},    {"stm over the end", 0xe880000e, 8, true},
    {"ldm with write-back", 0xe8b0000e, 4, true}, {"ldrex at the end", 0xe1901f9f, 4, false},
    {"ldrex unaligned", 0xe1901f9f, 6, true},     {"ldrexd unaligned", 0xe1b02f9f, 4, true},
    {"vldm over the end", 0xec900b08, 16, true},  {"vstm over the end", 0xec800b08, 16, true},
    {"vld1.8 over the end", 0xf420020f, 8, true}, {"vst1.64 aligned 256", 0xf40002ff, 8, true},
    {"vldr at the end", 0xed900b00, 8, false},
};

static int makes_access(void *arg)
{
    const struct access *a = arg;
    char *page = page_before_hole();

    code[0] = 0xe92d40f0;
    code[1] = a->code;
    code[2] = 0xe8bd80f0;
    code_run((uint32_t)(uintptr_t)page + PAGE - a->before_end);
    return 0;
}

static void test_page_ends(void)
{
    code_make();
    for (size_t i = 0; i < TAP_COUNT(accesses); i++) {
        int status = tap_child(makes_access, (void *)&accesses[i]);

        if (outcome_of(status) != (accesses[i].over ? CRASH : NOTHING))
            tap_fail(accesses[i].name, status, "not the end that it should come to");
    }
}

/* A Thumb instruction of which the second half is in a page that is not there. */
static int runs_into_hole(void *arg)
{
    uint16_t *last = (uint16_t *)(void *)(code + PAGE / 4) - 1;

    (void)arg;
    *last = 0xf04f; /* mov.w */
    sys_raw(SYS_arm_cacheflush, code, (char *)code + PAGE, 0);
    ((void (*)(void))((uintptr_t)last | 1))();
    return 0;
}

static void test_half_instruction(void)
{
    code_make();
    munmap((char *)code + PAGE, PAGE);
    CHECK_EQ(outcome_of(tap_child(runs_into_hole, NULL)), CRASH);
}

/* Every 16-bit place of the kuser page, which anybody may jump to; r0 to r2 are good for nothing.
 */
static int jumps_to_kuser(void *arg)
{
    ((void (*)(uint32_t, uint32_t, uint32_t))arg)(8, 8, 8);
    return 0;
}

static void test_kuser_page(void)
{
    for (uintptr_t at = 0xffff0f60; at < 0xffff1000; at += 20)
        CHECK(ended_somehow(tap_child(jumps_to_kuser, (void *)at)));
    CHECK(ended_somehow(tap_child(jumps_to_kuser, (void *)0xffff0000)));
    CHECK(ended_somehow(tap_child(jumps_to_kuser, (void *)0xffff0f61)));
}

int main(void)
{
    static const struct tap_test tests[] = {
        {"instructions of the kernel", test_instructions},
        {"big-endian programs", test_big_endian},
        {"accesses at a page's end", test_page_ends},
        {"half an instruction", test_half_instruction},
        {"jumps into the kuser page", test_kuser_page},
    };

    return malice_main(tests, TAP_COUNT(tests));
}
