/* SPDX-License-Identifier: MIT
 *
 * For programs that show something again and again: the window, and waiting for the next look.
 */
#ifndef VM_WATCH_H
#define VM_WATCH_H

#include <stdbool.h>

/* VTIME counts tenths of a second in a byte. */
#define WATCH_SECONDS_MAX 25

/* Size of the window on descriptor 1; 80x24 if it says none. */
void window_size(unsigned *columns, unsigned *rows);
/* Keys come one by one and unseen from now on, and Ctrl-C still interrupts. */
void watch_begin(void);
/* Waits for so many seconds, 1 to WATCH_SECONDS_MAX, or for a key. True if that was q. */
bool watch_wait(unsigned seconds);
/* The terminal as it was at watch_begin. */
void watch_end(void);

#endif
