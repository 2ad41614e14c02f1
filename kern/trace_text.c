/* SPDX-License-Identifier: MIT
 *
 * Trace records as text, for /proc/trace and for the last words of a panic, and the names of
 * events. A line: ticks, CPU, thread, event, then words in hexadecimal; of a fault access, kind,
 * address and pc.
 */
#include <string.h>

#include "kern/trace.h"
#include "lib/fmt.h"

static const char *const event_names[TRACE_EVENTS] = {
    [TRACE_NONE] = "none", [TRACE_FAULT] = "fault", [TRACE_SWITCH] = "switch",
    [TRACE_IRQ] = "irq",   [TRACE_FORK] = "fork",   [TRACE_EXEC] = "exec",
    [TRACE_EXIT] = "exit", [TRACE_CALL] = "call",   [TRACE_RETURN] = "return",
    [TRACE_TEXT] = "text", [TRACE_ALLOC] = "alloc", [TRACE_FREE] = "free",
    [TRACE_LOCK] = "lock", [TRACE_MORE] = "more",   [TRACE_LOST] = "lost",
};

static const struct {
    const char *name;
    uint32_t mask;
} groups[] = {{"syscall", TRACE_SYSCALL}, {"pages", TRACE_PAGES}, {"all", TRACE_ALL}};

const char *trace_event_name(unsigned event)
{
    return event < TRACE_EVENTS ? event_names[event] : "?";
}

static bool is_word(const char *name, const char *word, size_t len)
{
    return strlen(name) == len && memcmp(name, word, len) == 0;
}

static uint32_t events_of(const char *word, size_t len)
{
    for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
        if (is_word(groups[i].name, word, len))
            return groups[i].mask;
    for (unsigned event = 0; event < TRACE_EVENTS; event++)
        if (is_word(event_names[event], word, len))
            return TRACE_BIT(event) & TRACE_ALL;
    return 0;
}

uint32_t trace_events_parse(const char *list, size_t len)
{
    uint32_t mask = 0;

    for (size_t start = 0, end; start <= len; start = end + 1) {
        uint32_t events;

        for (end = start; end < len && list[end] != ',';)
            end++;
        events = events_of(list + start, end - start);
        if (!events)
            return 0;
        mask |= events;
    }
    return mask;
}

/* Characters of a path; what is none, or would end the line, is a dot. */
static int format_chars(const struct trace_record *r, char *to)
{
    const uint32_t word[2] = {r->a, r->b};
    unsigned n = 0;

    for (; n < 8; n++) {
        char c = (char)(word[n / 4] >> n % 4 * 8);

        if (!c)
            break;
        to[n] = c > ' ' && c < 127 ? c : '.';
    }
    to[n] = '\0';
    return (int)n;
}

int trace_format(const struct trace_record *r, bool text, char line[TRACE_LINE_MAX])
{
    static const char *const access[] = {TRACE_ACCESS_NAMES}, *const kind[] = {TRACE_KIND_NAMES};
    int n;

    if (r->event == TRACE_MORE)
        return text ? format_chars(r, line)
                    : fmt_snprint(line, TRACE_LINE_MAX, " %08x %08x", r->a, r->b);
    n = fmt_snprint(line, TRACE_LINE_MAX, "%12llu cpu%u %5u %-6s", (unsigned long long)r->time,
                    r->cpu, r->thread, trace_event_name(r->event));
    if (r->event == TRACE_FAULT)
        n += fmt_snprint(line + n, TRACE_LINE_MAX - 64, " %-5s %-8s",
                         access[MIN(TRACE_ACCESS(r->info), ARRAY_SIZE(access) - 1)],
                         kind[MIN(TRACE_KIND(r->info), ARRAY_SIZE(kind) - 1)]);
    if (r->event == TRACE_TEXT) {
        line[n++] = ' ';
        return n + format_chars(r, line + n);
    }
    return n + fmt_snprint(line + n, TRACE_LINE_MAX - 64, " %08x %08x", r->a, r->b);
}
