/* SPDX-License-Identifier: MIT
 *
 * Requests to devices.
 */
#ifndef SYS_IOCTL_H
#define SYS_IOCTL_H

int ioctl(int fd, unsigned long request, ...);

#endif
