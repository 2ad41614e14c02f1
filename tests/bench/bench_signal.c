/* SPDX-License-Identifier: MIT
 *
 * What a signal costs that a handler takes: sent by the program to itself, and of a fault, whose
 * handler steps over the store that faulted. The handlers return by the program's own code.
 */
#include "bench.h"

#define PC_IN_CONTEXT  23 /* words into struct ucontext */
#define STORE_BYTES    4
#define SIGNAL_INFO    4u          /* SA_SIGINFO */
#define SIGNAL_RETURNS 0x04000000u /* SA_RESTORER */

void signal_return(void);
void signal_return_info(void);
__asm__(".arm\n"
        ".type signal_return, %function\n"
        "signal_return:\n"
        "    mov r7, #119\n"
        "    svc #0\n"
        ".type signal_return_info, %function\n"
        "signal_return_info:\n"
        "    mov r7, #173\n"
        "    svc #0\n"
        ".thumb\n");

static volatile uint32_t handled;
static uint32_t self;
static char *page;

static void handle(void)
{
    handled++;
}

static void step_over(int sig, const void *info, uint32_t *context)
{
    (void)sig, (void)info;
    handled++;
    context[PC_IN_CONTEXT] += STORE_BYTES;
}

static void op_signal(void)
{
    call(NR_kill, self, USR1, 0, 0, 0);
}

static void op_fault(void)
{
    __asm__ volatile("str.w %0, [%1]" ::"r"(0), "r"(page) : "memory");
}

static void set_handler(uint32_t sig, const void *handler, uint32_t flags, void (*back)(void))
{
    uint32_t action[5] = {(uint32_t)handler, flags | SIGNAL_RETURNS, (uint32_t)back};

    check(call(NR_rt_sigaction, sig, (uint32_t)action, 0, 8, 0) == 0, "sigaction");
}

void measure_signals(void)
{
    self = (uint32_t)call(NR_getpid, 0, 0, 0, 0, 0);
    set_handler(USR1, (void *)handle, 0, signal_return);
    measure("signal_self", op_signal, 1000);
    set_handler(SEGV, (void *)step_over, SIGNAL_INFO, signal_return_info);
    page = map_at(0, PAGE, READ_ONLY, PRIVATE | ANONYMOUS, (uint32_t)-1);
    check(*(volatile char *)page == 0, "read a page");
    measure("fault_handled", op_fault, 1000);
    unmap(page, PAGE);
    check(handled > 2 * 1000, "signals were handled");
}
