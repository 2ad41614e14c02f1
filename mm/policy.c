/* SPDX-License-Identifier: MIT
 *
 * The table of policies. The first is the one that works if nobody asks for another.
 */
#include "mm/policy.h"

#include <string.h>

#include "include/uapi/errno.h"
#include "kern/bootargs.h"
#include "kern/log.h"
#include "lib/fmt.h"
#include "mm/pageout_impl.h"

static const struct policy *const policies[] = {
    &policy_clock, &policy_onehand, &policy_fifo, &policy_random, &policy_aging,
};

const struct policy *policy_nth(unsigned i)
{
    return i < ARRAY_SIZE(policies) ? policies[i] : NULL;
}

int policy_set(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
        if (strcmp(policies[i]->name, name) == 0)
            return pageout_change(policies[i]);
    return -EINVAL;
}

/* Says what can't be, and what could. */
static void complain(const char *name, int error)
{
    char names[64] = "";
    size_t n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
        n += (size_t)fmt_snprint(names + n, sizeof(names) - n, " %s", policies[i]->name);
    log_printf("vmpolicy=%s: %s: page-out goes by %s; there are%s\n", name,
               error == -ENOMEM ? "not enough memory" : "unknown", policy_current()->name, names);
}

void policy_init(void)
{
    char name[16];
    int error;

    if (!bootargs_get("vmpolicy", name, sizeof(name)))
        return;
    error = policy_set(name);
    if (error)
        complain(name, error);
}
