/* SPDX-License-Identifier: MIT
 *
 * Console input from a file of the emulator's host, by semihosting: the machine asks, and stands
 * still until the host has answered, so that a run in which the host gives the same answers is the
 * same run. tools/record.py is the other side.
 */
#ifndef DRIVERS_UART_SEMIHOSTING_H
#define DRIVERS_UART_SEMIHOSTING_H

#include "lib/base.h"

/* The console's input comes from this file, too. False: it can't be opened, or nobody listens. */
bool semihosting_input_open(const char *path);
/* Takes what the host has, at most room characters. False: the file has ended. One caller at a
 * time. */
bool semihosting_input(unsigned room);

#endif
