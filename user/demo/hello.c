/* SPDX-License-Identifier: MIT
 *
 * hello: says hello with its process number.
 */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    printf("Hello from pid %d\n", (int)getpid());
    return 0;
}
