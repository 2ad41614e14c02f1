/* SPDX-License-Identifier: MIT
 *
 * The kernel command line: words, quotes, values, sizes and what goes to init.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "lib/cmdline.h"

static void value_is(const char *line, const char *key, const char *value)
{
    size_t len;
    const char *found = cmdline_get(line, key, &len);

    if (!value) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_int_equal(len, strlen(value));
    assert_memory_equal(found, value, len);
}

static void words_are(const char *line, const char *const *words)
{
    const char *word;
    size_t len;

    for (; *words; words++) {
        assert_true(cmdline_next(&line, &word, &len));
        assert_int_equal(len, strlen(*words));
        assert_memory_equal(word, *words, len);
    }
    assert_false(cmdline_next(&line, &word, &len));
    assert_false(cmdline_next(&line, &word, &len));
}

static void values(void **state)
{
    (void)state;
    value_is("init=/bin/sh", "init", "/bin/sh");
    value_is("  a=1\tb=2 c=3\n", "b", "2");
    value_is("rdinit=/x", "init", NULL);
    value_is("init", "init", NULL);
    value_is("initial=1", "init", NULL);
    value_is("init= next", "init", "");
    value_is("", "init", NULL);
    value_is("a=b=c", "a", "b=c");
    value_is("mem=1 mem=2", "mem", "2");
    value_is("mem=1 -- mem=2", "mem", "1");
}

static void quotes(void **state)
{
    (void)state;
    value_is("a=\"x y\" b=2", "a", "x y");
    value_is("a=\"x y\" b=2", "b", "2");
    value_is("\"a=x y\" b=2", "a", "x y");
    value_is("a=\"\"", "a", "");
    value_is("a=\"never closed b=2", "a", "never closed b=2");
    value_is("a=\"never closed b=2", "b", NULL);
    value_is("a=\"", "a", "");
    value_is("a=\"x -- y\" b=2", "b", "2");
    words_are("one \"two words\" \"\" \"open end",
              (const char *const[]){"one", "two words", "", "open end", NULL});
    words_are(" \t ", (const char *const[]){NULL});
}

static void flags(void **state)
{
    (void)state;
    assert_true(cmdline_flag("quiet noaslr debug", "noaslr"));
    assert_true(cmdline_flag("noaslr", "noaslr"));
    assert_false(cmdline_flag("noaslr2 xnoaslr noaslr=1", "noaslr"));
    assert_false(cmdline_flag("quiet -- noaslr", "noaslr"));
    assert_true(cmdline_flag("quiet --x noaslr", "noaslr"));
    assert_false(cmdline_flag("", "noaslr"));
}

static void words_of_init(void **state)
{
    (void)state;
    words_are(cmdline_init_words("quiet -- -c \"echo a\" -- b"),
              (const char *const[]){"-c", "echo a", "--", "b", NULL});
    words_are(cmdline_init_words("-- x"), (const char *const[]){"x", NULL});
    words_are(cmdline_init_words("quiet --"), (const char *const[]){NULL});
    words_are(cmdline_init_words("quiet --x \"--\" y"), (const char *const[]){NULL});
    words_are(cmdline_init_words(""), (const char *const[]){NULL});
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        int error;
        uint64_t bytes;
    } cases[] = {
        {"0", 0, 0},
        {"1", 0, 1},
        {"8M", 0, 8 << 20},
        {"64k", 0, 64 << 10},
        {"64K", 0, 64 << 10},
        {"8m", 0, 8 << 20},
        {"3G", 0, UINT64_C(3) << 30},
        {"3g", 0, UINT64_C(3) << 30},
        {"0x10", 0, 16},
        {"0XfFk", 0, 255 << 10},
        {"18446744073709551615", 0, UINT64_MAX},
        {"17179869183G", 0, UINT64_C(17179869183) << 30},
        {"18446744073709551616", -ERANGE, 0},
        {"99999999999999999999999", -ERANGE, 0},
        {"0x10000000000000000", -ERANGE, 0},
        {"17179869184G", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"M", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"1MM", -EINVAL, 0},
        {"1T", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"12a", -EINVAL, 0},
        {"0x", -EINVAL, 0},
        {"x10", -EINVAL, 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bytes = 77;

        if (cmdline_size(cases[i].text, strlen(cases[i].text), &bytes) != cases[i].error)
            fail_msg("%s", cases[i].text);
        assert_int_equal(bytes, cases[i].error ? 77 : cases[i].bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),        cmocka_unit_test(quotes), cmocka_unit_test(flags),
        cmocka_unit_test(words_of_init), cmocka_unit_test(sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
