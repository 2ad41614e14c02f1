/* SPDX-License-Identifier: MIT
 *
 * The caller of the file system, in host tests.
 */
#ifndef TESTS_HOST_FAKE_CRED_H
#define TESTS_HOST_FAKE_CRED_H

#include "fs/cred.h"

extern const struct cred *fake_cred; /* NULL: plain root */
extern uint64_t fake_file_size;      /* RLIMIT_FSIZE */
extern unsigned fake_hits;           /* how often it was too little */

#endif
