/* SPDX-License-Identifier: MIT
 *
 * poweroff, reboot: stops the machine at once, or restarts it. There is nothing on a disk to be
 * saved. One source, two programs: COMMAND and NAME are set by the build.
 */
#include <stdio.h>

#include <sys/reboot.h>

#include "quire.h"

int main(void)
{
    reboot(COMMAND);
    return fail(NAME, "the kernel refused");
}
