/* SPDX-License-Identifier: MIT
 *
 * The first line of scripts.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "loader/script.h"

/* Parses a copy that ends where the memory ends. */
static enum script_error parse(const char *text, size_t len, struct script *s, char **copy)
{
    *copy = malloc(len > 0 ? len : 1);
    memcpy(*copy, text, len);
    return script_parse(*copy, len, s);
}

static void expect(const char *text, const char *interp, const char *arg)
{
    struct script s;
    char *copy;

    assert_int_equal(parse(text, strlen(text), &s, &copy), SCRIPT_OK);
    assert_int_equal(s.interp_len, strlen(interp));
    assert_memory_equal(s.interp, interp, s.interp_len);
    if (arg) {
        assert_int_equal(s.arg_len, strlen(arg));
        assert_memory_equal(s.arg, arg, s.arg_len);
    } else {
        assert_null(s.arg);
        assert_int_equal(s.arg_len, 0);
    }
    free(copy);
}

static void refuse(const char *text, size_t len, enum script_error error)
{
    struct script s;
    char *copy;

    assert_int_equal(parse(text, len, &s, &copy), error);
    free(copy);
}

static void lines(void **state)
{
    (void)state;
    expect("#!/bin/sh\necho\n", "/bin/sh", NULL);
    expect("#!/bin/sh", "/bin/sh", NULL);
    expect("#! \t/bin/sh  -e \t\nx", "/bin/sh", "-e");
    expect("#!/bin/sh -e -x \"a b\"\n", "/bin/sh", "-e -x \"a b\"");
    expect("#!sh\n", "sh", NULL);
    expect("#!/bin/sh \n", "/bin/sh", NULL);
    expect("#!/bin/sh\r\n", "/bin/sh\r", NULL);
}

static void refusals(void **state)
{
    (void)state;
    refuse("", 0, SCRIPT_NOT_A_SCRIPT);
    refuse("#", 1, SCRIPT_NOT_A_SCRIPT);
    refuse("# !/bin/sh\n", 11, SCRIPT_NOT_A_SCRIPT);
    refuse("\177ELF", 4, SCRIPT_NOT_A_SCRIPT);
    refuse("#!", 2, SCRIPT_EMPTY);
    refuse("#!\n/bin/sh\n", 11, SCRIPT_EMPTY);
    refuse("#! \t \n", 6, SCRIPT_EMPTY);
    refuse("#!/bin\0sh\n", 10, SCRIPT_NUL);
}

static void longest_line(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "#!", 2);
    refuse(text, 256, SCRIPT_TOO_LONG);
    refuse(text, 300, SCRIPT_TOO_LONG);
    text[256] = '\n';
    refuse(text, 300, SCRIPT_TOO_LONG);
    text[255] = '\n';
    refuse(text, 256, SCRIPT_OK);
    text[255] = 'x';
    refuse(text, 255, SCRIPT_OK); /* the file's end ends the line */
}

static void text(void **state)
{
    (void)state;
    assert_true(script_is_text("echo a\tb\r\n\001", 10));
    assert_true(script_is_text("\n\177ELF", 5));
    assert_true(script_is_text("e", 1));
    assert_false(script_is_text("", 0));
    assert_false(script_is_text("\177ELF", 4));
    assert_false(script_is_text("echo\0\n", 6));
    assert_true(script_is_text("echo \303\274\n", 8));
}

static void messages(void **state)
{
    (void)state;
    for (int e = SCRIPT_OK; e < SCRIPT_NERRORS; e++) {
        assert_int_equal(script_errno((enum script_error)e), e ? -ENOEXEC : 0);
        for (int other = 0; other < e; other++)
            assert_string_not_equal(script_strerror((enum script_error)e),
                                    script_strerror((enum script_error)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(refusals), cmocka_unit_test(longest_line),
        cmocka_unit_test(text),  cmocka_unit_test(messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
