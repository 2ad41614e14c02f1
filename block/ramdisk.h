/* SPDX-License-Identifier: MIT */
#ifndef BLOCK_RAMDISK_H
#define BLOCK_RAMDISK_H

/* Makes /dev/ram0 if the command line asks for it. At boot, after drivers. */
void ramdisk_init(void);

#endif
