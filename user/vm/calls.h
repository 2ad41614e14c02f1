/* SPDX-License-Identifier: MIT
 *
 * System calls in words: names, and how their arguments and results are shown.
 */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

#define CALL_NAME_MAX 24
#define CALL_ARGS     5u /* as many as a trace has */

/* The name, or "call N" in buf. */
const char *call_name(uint32_t number, char buf[CALL_NAME_MAX]);
/* "write(1, 0x20100, 6" into line: the length. paths: the texts for path arguments, in order, NULL
 * where there is none. */
int call_format(char *line, size_t size, uint32_t number, const uint32_t arg[CALL_ARGS],
                const char *const paths[2]);
/* "6", "0x12000", "-2 ENOENT (not found)". */
int call_format_result(char *line, size_t size, uint32_t number, uint32_t result);

#endif
