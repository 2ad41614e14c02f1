/* SPDX-License-Identifier: MIT
 *
 * Stopping the machine. The two magic numbers of the system call are passed by the library.
 */
#ifndef SYS_REBOOT_H
#define SYS_REBOOT_H

#define RB_AUTOBOOT  0x01234567
#define RB_POWER_OFF 0x4321fedc
#define RB_HALT      0xcdef0123

int reboot(int command);

#endif
