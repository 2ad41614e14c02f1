/* SPDX-License-Identifier: MIT
 *
 * Formatted text against the host's snprintf, over every combination of flags, width, precision,
 * length and conversion that lib/fmt.h promises, and where the two differ on purpose.
 */
#include "tests/host/testing.h"

#include <limits.h>

#include "lib/fmt.h"

/* The formats are made at run time. */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"

/* Formats by both and compares text and length, in a buffer large enough and in a small one. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[200], theirs[200];                                                               \
        int n = fmt_snprint(ours, sizeof(ours), __VA_ARGS__);                                      \
        assert_int_equal(n, snprintf(theirs, sizeof(theirs), __VA_ARGS__));                        \
        assert_string_equal(ours, theirs);                                                         \
        assert_int_equal(fmt_snprint(ours, 5, __VA_ARGS__), n);                                    \
        theirs[4] = '\0';                                                                          \
        assert_string_equal(ours, theirs);                                                         \
    } while (0)

static const char *const flags[] = {"", "-", "0", "-0"};
static const char *const widths[] = {"", "1", "7", "30"};

static void compare_integer(const char *spec, char conversion)
{
    static const long long values[] = {
        0, 1, -1, 9, 10, 255, -256, INT_MAX, INT_MIN, UINT_MAX, 4294967296, LLONG_MAX, LLONG_MIN};
    char f[64];

    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        long long v = values[i];

        snprintf(f, sizeof(f), "<%s%c>", spec, conversion);
        SAME(f, (int)v);
        snprintf(f, sizeof(f), "<%sl%c>", spec, conversion);
        SAME(f, (long)v);
        snprintf(f, sizeof(f), "<%sll%c>", spec, conversion);
        SAME(f, v);
        snprintf(f, sizeof(f), "<%sz%c>", spec, conversion);
        SAME(f, (size_t)v);
        snprintf(f, sizeof(f), "<%sh%c>", spec, conversion);
        SAME(f, (int)v);
        snprintf(f, sizeof(f), "<%shh%c>", spec, conversion);
        SAME(f, (int)v);
        snprintf(f, sizeof(f), "<%sj%c>", spec, conversion);
        SAME(f, (intmax_t)v);
        snprintf(f, sizeof(f), "<%st%c>", spec, conversion);
        SAME(f, (ptrdiff_t)v);
    }
}

static void integers(void **state)
{
    static const char *const precisions[] = {"", ".", ".0", ".1", ".12", ".24"};
    char spec[32];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        for (unsigned w = 0; w < ARRAY_SIZE(widths); w++)
            for (unsigned p = 0; p < ARRAY_SIZE(precisions); p++)
                for (const char *c = "diuxX"; *c; c++) {
                    snprintf(spec, sizeof(spec), "%%%s%s%s", flags[i], widths[w], precisions[p]);
                    compare_integer(spec, *c);
                }
}

static void strings(void **state)
{
    static const char *const precisions[] = {"", ".", ".0", ".3", ".20"};
    char f[32];

    (void)state;
    for (unsigned i = 0; i < 2; i++)
        for (unsigned w = 0; w < ARRAY_SIZE(widths); w++)
            for (unsigned p = 0; p < ARRAY_SIZE(precisions); p++) {
                snprintf(f, sizeof(f), "<%%%s%s%ss>", flags[i], widths[w], precisions[p]);
                SAME(f, "");
                SAME(f, "hello");
            }
    SAME("%c%5c%-5cx%%", 'a', 'b', 'c');
    SAME("%.*s|%*d|%-*d|%*d", 3, "abcdef", 6, 42, 6, 43, -6, 44);
    SAME("%.*s", -1, "all of it");
    SAME("%s", "a text without conversions, longer than the small buffer");
}

/* With a precision the string needs no NUL. */
static void unterminated_string(void **state)
{
    char *four = malloc(4), out[16];

    (void)state;
    memcpy(four, "abcd", 4);
    fmt_snprint(out, sizeof(out), "%.4s", four);
    assert_string_equal(out, "abcd");
    free(four);
}

static void own_ways(void **state)
{
    char out[64], *null = NULL;

    (void)state;
    fmt_snprint(out, sizeof(out), "%p", (void *)(uintptr_t)0x1f00);
    assert_string_equal(out, sizeof(void *) == 8 ? "0x0000000000001f00" : "0x00001f00");
    fmt_snprint(out, sizeof(out), "%s", null);
    assert_string_equal(out, "(null)");
    fmt_snprint(out, sizeof(out), "%5q %d %", 7);
    assert_string_equal(out, "%5q 7 %");
}

static void cuts_and_measures(void **state)
{
    char out[4] = "xyz";

    (void)state;
    assert_int_equal(fmt_snprint(NULL, 0, "%d bytes", 123), 9);
    assert_int_equal(fmt_snprint(out, 0, "%d", 123), 3);
    assert_string_equal(out, "xyz");
    assert_int_equal(fmt_snprint(out, 1, "%d", 123), 3);
    assert_string_equal(out, "");
    assert_int_equal(fmt_snprint(out, 4, "%d", 1234), 4);
    assert_string_equal(out, "123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(strings),
        cmocka_unit_test(unterminated_string),
        cmocka_unit_test(own_ways),
        cmocka_unit_test(cuts_and_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
