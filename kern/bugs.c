/* SPDX-License-Identifier: MIT
 *
 * Which bug on purpose this boot has. Constant after boot.
 */
#include "kern/bugs.h"

#include <string.h>

#include "kern/bootargs.h"
#include "kern/log.h"

uint8_t bug_chosen;

#define BUG_NAME(name) #name,
static const char *const names[BUG_COUNT] = {"none", BUGS(BUG_NAME)};

void bugs_boot(void)
{
    char name[24];

    if (!bootargs_get("bug", name, sizeof(name)))
        return;
    for (unsigned i = 0; i < BUG_COUNT; i++)
        if (strcmp(name, names[i]) == 0)
            bug_chosen = (uint8_t)i;
    if (strcmp(name, names[bug_chosen]) != 0)
        log_printf("bug=%s: no such bug\n", name);
    else
        log_printf("bug on purpose: %s\n", name);
}
