/* SPDX-License-Identifier: MIT
 *
 * uname [-a]: the name of the system; with -a also node, release, version and machine.
 */
#include <stdio.h>
#include <string.h>

#include <sys/utsname.h>

#include "quire.h"

int main(int argc, char **argv)
{
    struct utsname name;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "-a") != 0)) {
        fprintf(stderr, "usage: uname [-a]\n");
        return 2;
    }
    if (uname(&name) < 0)
        return fail("uname", "uname");
    if (argc == 2)
        printf("%s %s %s %s %s\n", name.sysname, name.nodename, name.release, name.version,
               name.machine);
    else
        printf("%s\n", name.sysname);
    return 0;
}
