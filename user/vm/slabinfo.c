/* SPDX-License-Identifier: MIT
 *
 * slabinfo: the caches of the allocator inside the kernel, with objects and pages of each.
 */
#include "quire.h"

int main(void)
{
    return file_print("slabinfo", "/proc/slabinfo") < 0;
}
