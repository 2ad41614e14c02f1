/* SPDX-License-Identifier: MIT
 *
 * cat [FILE...]: prints files; "-" or nothing is standard input. Each error has its message, and
 * the rest is printed all the same.
 */
#include "quire.h"

int main(int argc, char **argv)
{
    int failures = 0;

    if (argc < 2)
        return file_print("cat", "-") < 0;
    for (int i = 1; i < argc; i++)
        failures += file_print("cat", argv[i]) < 0;
    return failures > 0;
}
