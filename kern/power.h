/* SPDX-License-Identifier: MIT
 *
 * Ending the machine. Drivers (PSCI, the Pi's watchdog) register how; power_off also carries an
 * exit status to the emulator by semihosting where exit=semihosting is on the command line.
 */
#ifndef KERN_POWER_H
#define KERN_POWER_H

#include "lib/base.h"

void power_register(void (*off)(void), void (*restart)(void));
/* exit=semihosting was given. */
void power_use_semihosting(bool on);
bool power_has_semihosting(void);
void power_off(int status) __noreturn;
void power_restart(void) __noreturn;

#endif
