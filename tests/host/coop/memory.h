/* SPDX-License-Identifier: MIT
 *
 * The kernel's memory put back: the program's data and the frames in use of the fake machine.
 */
#ifndef TESTS_COOP_MEMORY_H
#define TESTS_COOP_MEMORY_H

/* The program's data are as they were at the first call, and there is no machine. */
void coop_pristine(void);
/* Memory as it is now; coop_restore: is so again. */
void coop_snapshot(void);
void coop_restore(void);

#endif
