/* SPDX-License-Identifier: MIT
 *
 * A program's view of memory on the host: loads and stores go through the fake HAT's TLB and tables
 * as a CPU's would, and fault where these don't permit them.
 */
#ifndef TESTS_CPU_H
#define TESTS_CPU_H

#include "mm/as.h"
#include "mm/fault.h"
#include "tests/host/fake_hat.h"

/* The access with its faults; FAULT_OK when it was done. */
static inline enum fault_error cpu_access(struct as *as, vaddr_t va, prot_t access, uint8_t *byte)
{
    for (int tries = 0; tries < 1000; tries++) {
        enum fault_error error;

        if (fake_access(as, va, access, byte))
            return FAULT_OK;
        error = fault_handle(as, va, access, 0);
        if (error)
            return error;
    }
    panic("an access faults for ever");
}

static inline enum fault_error cpu_store(struct as *as, vaddr_t va, uint8_t byte)
{
    return cpu_access(as, va, PROT_WRITE, &byte);
}

static inline int cpu_load(struct as *as, vaddr_t va)
{
    uint8_t byte;
    enum fault_error error = cpu_access(as, va, PROT_READ, &byte);

    return error ? -(int)error : byte;
}

#endif
