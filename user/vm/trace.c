/* SPDX-License-Identifier: MIT
 *
 * trace: what the kernel recorded, as text. trace WORD...: words for /proc/trace_control (on, off,
 * clear, events=LIST, pid=N, records=N). trace status: what that says. trace -j: the records as
 * JSON for Chrome's trace viewer.
 */
#include <stdio.h>
#include <string.h>

#include "quire.h"
#include "trace_json.h"
#include "tracing.h"

#define CONTROL "/proc/trace_control"

static int words_say(int argc, char **argv)
{
    char line[256];
    size_t len = 0;

    for (int i = 1; i < argc && len < sizeof line; i++)
        len += (size_t)snprintf(line + len, sizeof line - len, "%s ", argv[i]);
    if (len >= sizeof line) {
        fprintf(stderr, "trace: too many words\n");
        return 2;
    }
    return trace_say(line) < 0 ? fail("trace", line) : 0;
}

static int json_print(void)
{
    json_begin(trace_hz());
    int error = trace_dump("trace", json_event);
    json_end();
    return error < 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return file_print("trace", "/proc/trace") < 0;
    if (argc == 2 && strcmp(argv[1], "status") == 0)
        return file_print("trace", CONTROL) < 0;
    if (argc == 2 && strcmp(argv[1], "-j") == 0)
        return json_print();
    if (argv[1][0] != '-')
        return words_say(argc, argv);
    fprintf(stderr, "usage: trace [status | -j | WORD...]\n"
                    "words: on off clear events=LIST pid=N records=N\n");
    return 2;
}
