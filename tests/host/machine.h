/* SPDX-License-Identifier: MIT
 *
 * A fresh machine for each test of a group, which gets every frame back; requests for mappings, and
 * anonymous memory.
 */
#ifndef TESTS_MACHINE_H
#define TESTS_MACHINE_H

#include "tests/host/cpu.h"
#include "tests/host/testing.h"

#define RW  (PROT_READ | PROT_WRITE)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

static uint32_t machine_before; /* frames in use when the test began */

static inline int machine_setup(void **state)
{
    (void)state;
    fake_machine(4096);
    machine_before = fake_in_use();
    return 0;
}

static inline int machine_teardown(void **state)
{
    (void)state;
    fake_chaos = 0;
    assert_int_equal(fake_check(), 0);
    assert_int_equal(fake_in_use(), machine_before);
    assert_int_equal(as_committed(), 0);
    return 0;
}

/* At base and nowhere else, pages from `page` on of something that the caller adds. */
static inline struct map_request request_at(vaddr_t base, uint32_t page, uint32_t npages,
                                            prot_t prot)
{
    return (struct map_request){.base = base,
                                .npages = npages,
                                .prot = prot,
                                .maxprot = RWX,
                                .fixed = true,
                                .obj_page = page};
}

static inline int map_anon(struct as *as, vaddr_t base, uint32_t npages, prot_t prot)
{
    struct map_request r = request_at(base, 0, npages, prot);
    vaddr_t where;

    r.ops = &seg_anon;
    return as_map(as, &r, &where);
}

#endif
