/* SPDX-License-Identifier: MIT
 *
 * kdb: stops the machine and gives its serial line to the debugger in the kernel; its command c
 * comes back here.
 */
#include <fcntl.h>
#include <unistd.h>

#include "quire.h"

int main(void)
{
    int fd = open("/dev/kdb", O_WRONLY);

    if (fd < 0 || write(fd, "1", 1) != 1)
        return fail("kdb", "there is no debugger: kdb=0 is on the command line");
    return 0;
}
