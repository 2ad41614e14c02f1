/* SPDX-License-Identifier: MIT */
#ifndef TESTS_COOP_SYNC_H
#define TESTS_COOP_SYNC_H

/* The CPU that runs what is no thread. */
void coop_set_cpu(unsigned cpu);

#endif
