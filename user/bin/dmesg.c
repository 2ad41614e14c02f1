/* SPDX-License-Identifier: MIT
 *
 * dmesg: the kernel log from the oldest message that is still kept.
 */
#include "quire.h"

int main(void)
{
    return file_print("dmesg", "/proc/kmsg") < 0;
}
