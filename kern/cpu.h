/* SPDX-License-Identifier: MIT
 *
 * The CPUs of the machine: which one runs this, which are there, how one makes another look up.
 * cpu_id and cpu_thread_id are valid from the first instruction in C on, interrupts or not;
 * implemented by proc/thread.c. How a core is started is a driver's affair (PSCI, the Pi's
 * mailboxes): it registers a method by the name that the device tree's enable-method has.
 */
#ifndef KERN_CPU_H
#define KERN_CPU_H

#include "lib/base.h"
#include "machine/cpu.h"

/* 0 .. CPU_MAX - 1. Without a lock, where the caller can't be moved: no sleep until it is used. */
unsigned cpu_id(void);
/* The tid of the current thread; 0: none yet, or the idle thread. */
uint16_t cpu_thread_id(void);

/* The current thread's process passes the trace's filter: see kern/trace.h. */
bool cpu_thread_traced(void);

/* Bit n: CPU n runs. Bits are only added, at boot. */
uint32_t cpus_online(void);
static inline unsigned cpus_count(void)
{
    return (unsigned)__builtin_popcount(cpus_online());
}

/* Starts the core whose MPIDR affinity is hw at the physical address entry, in the mode that the
 * boot CPU was entered in, MMU off. 0 or -Exxx; may answer before the core runs. */
typedef int cpu_start_method(uint32_t hw, uint32_t entry);

void cpu_add_method(const char *name, cpu_start_method *start);
/* NULL: no driver knows the method. */
cpu_start_method *cpu_find_method(const char *name);

/* At boot, on the boot CPU: it is there, and interrupts between CPUs work. 0 or -Exxx: this machine
 * stays with one CPU. */
int __must_check cpu_init(void);
/* A core says that it runs, interrupts still masked: false if it came too late and must halt. */
bool cpu_arrive(void);
/* The boot CPU, before it starts core id; cpu_expect(id), cpu_wait(id) gives it time_ns to arrive;
 * false: it did not, and may not any more. */
void cpu_expect(unsigned id);
bool cpu_wait(unsigned id, uint64_t time_ns);

/* Interrupts the CPUs of the mask, so that they look at their thread's work and at what the
 * scheduler has for them. Any context; returns at once. */
void cpu_kick(uint32_t mask);
/* How often a CPU was interrupted by another: it answers. */
uint32_t cpu_heard(unsigned id);

struct trapframe;

/* Stops all other CPUs at their next interrupt, until cpu_resume_others; for panics for good. Waits
 * a second at most: a CPU that keeps interrupts masked may stop later, or never. Interrupts masked,
 * one CPU at a time. */
void cpu_pause_others(void);
void cpu_resume_others(void);
/* CPU id has stopped; *tf: its registers, or NULL where it could not save them. */
bool cpu_is_paused(unsigned id, const struct trapframe **tf);
/* This CPU is asked to stop, and does. From irq_dispatch, and where somebody waits with interrupts
 * masked for a CPU that may have asked; tf may be NULL. */
bool cpu_must_pause(void);
void cpu_pause(const struct trapframe *tf);

#endif
