/* SPDX-License-Identifier: MIT
 *
 * A machine with an empty tmpfs as its root, for tests of the file system on the host.
 */
#ifndef TESTS_FAKE_FILES_H
#define TESTS_FAKE_FILES_H

#include "fs/tmpfs.h"
#include "tests/host/fake_hat.h"

/* Of so many frames; the one before is gone. */
void fake_files(uint32_t nframes);

extern unsigned fake_faults;    /* one in so many copies of user memory faults; 0: none */
extern size_t fake_fault_bytes; /* only those of so many bytes; 0: all */

#endif
