/* SPDX-License-Identifier: MIT
 *
 * What /proc/quire/clock says, for the programs that show the two hands.
 */
#ifndef VM_HANDS_H
#define VM_HANDS_H

#include <stdbool.h>

#define CLOCK_FILE "/proc/quire/clock"

/* The hands' frames. False: the text names none, the clock has not begun. */
bool hands_parse(const char *text, unsigned long *front, unsigned long *back);

#endif
