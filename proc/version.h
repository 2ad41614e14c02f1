/* SPDX-License-Identifier: MIT
 *
 * What uname and /proc/version answer. The system's name is that of the ABI, whose programs ask
 * for it; the release is the Linux version whose calls we follow, with our own name behind.
 */
#ifndef PROC_VERSION_H
#define PROC_VERSION_H

#define VERSION_SYSNAME  "Linux"
#define VERSION_RELEASE  "6.1.0-quire"
#define VERSION_BUILD    "#1 Quire"
#define VERSION_MACHINE  "armv7l"
#define VERSION_NODENAME "quire" /* until sethostname */
#define UTS_LEN          65u     /* with the 0 at the end */

/* sys_info.c: the name now. */
void version_nodename(char name[UTS_LEN]);

#endif
