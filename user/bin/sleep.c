/* SPDX-License-Identifier: MIT
 *
 * sleep SECONDS: does nothing for that long. Fractions such as 0.5 are understood.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "quire.h"

/* Seconds with at most nine decimals; false if the word is something else. */
static bool time_parse(const char *argument, struct timespec *time)
{
    char word[24];
    uint32_t seconds = 0, part = 0;

    if (strlen(argument) >= sizeof word)
        return false;
    strcpy(word, argument); /* the argument itself is what ps shows */
    char *point = strchr(word, '.');

    if (point)
        *point++ = '\0';
    if ((*word || !point) && !number_parse(word, &seconds))
        return false;
    if (point && (strlen(point) > 9 || !number_parse(point, &part)))
        return false;
    for (size_t i = point ? strlen(point) : 9; i < 9; i++)
        part *= 10;
    *time = (struct timespec){.tv_sec = seconds, .tv_nsec = (long)part};
    return true;
}

int main(int argc, char **argv)
{
    struct timespec time;

    if (argc != 2 || !time_parse(argv[1], &time)) {
        fprintf(stderr, "usage: sleep SECONDS\n");
        return 2;
    }
    return nanosleep(&time, NULL) < 0 ? fail("sleep", "nanosleep") : 0;
}
