/* SPDX-License-Identifier: MIT
 *
 * The newc reader on archives built here byte by byte, whole and damaged. Each archive is read from
 * an allocation of exactly its size, so that the sanitizer sees one byte too far.
 */
#include "tests/host/testing.h"

#include "include/uapi/errno.h"
#include "lib/cpio.h"

static struct {
    char bytes[8192];
    size_t len, origin;
} ar;

static void begin(void)
{
    memset(&ar, 0, sizeof(ar));
}

static void pad(void)
{
    while ((ar.len - ar.origin) % 4 != 0)
        ar.bytes[ar.len++] = 0;
}

static void add_sized(const char *magic, const char *name, size_t name_size, const char *data,
                      unsigned check)
{
    static unsigned ino = 100;

    ar.len += (size_t)sprintf(
        ar.bytes + ar.len, "%s%08x%08x%08X%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", magic, ino++,
        0100644, 0xAB, 5, 1, 0x5f000000, strlen(data), 8, 3, 4, 64, name_size, check);
    strcpy(ar.bytes + ar.len, name);
    ar.len += name_size;
    pad();
    strcpy(ar.bytes + ar.len, data);
    ar.len += strlen(data);
    pad();
}

static void add(const char *name, const char *data)
{
    add_sized("070701", name, strlen(name) + 1, data, 0);
}

static void end(void)
{
    add("TRAILER!!!", "");
}

/* What the reader makes of the first len bytes: "name=data;" per entry, then the error if any. */
static const char *read_back(size_t len)
{
    static char out[1024];
    char *copy = malloc(len > 0 ? len : 1);
    struct cpio_entry e;
    struct cpio c;
    int found;

    memcpy(copy, ar.bytes, len);
    cpio_open(&c, copy, len);
    out[0] = '\0';
    while ((found = cpio_next(&c, &e)) > 0) {
        assert_int_equal(e.name_len, strlen(e.name));
        sprintf(out + strlen(out), "%s=%.*s;", e.name, (int)e.size, (const char *)e.data);
    }
    if (found < 0) {
        assert_int_equal(found, -EINVAL);
        strcat(out, c.error);
    }
    assert_int_equal(cpio_next(&c, &e), found);
    free(copy);
    return out;
}

static void entries(void **state)
{
    (void)state;
    begin();
    add("hello", "data");
    add("dir/x", "12345");
    add("empty", "");
    end();
    assert_string_equal(read_back(ar.len), "hello=data;dir/x=12345;empty=;");
    memset(ar.bytes + ar.len, 0, 513);
    assert_string_equal(read_back(ar.len + 513), "hello=data;dir/x=12345;empty=;");
}

static void fields(void **state)
{
    struct cpio c;
    struct cpio_entry e;

    (void)state;
    begin();
    add("x", "abc");
    end();
    cpio_open(&c, ar.bytes, ar.len);
    assert_int_equal(cpio_next(&c, &e), 1);
    assert_int_equal(e.mode, 0100644);
    assert_int_equal(e.uid, 0xab);
    assert_int_equal(e.gid, 5);
    assert_int_equal(e.nlink, 1);
    assert_int_equal(e.mtime, 0x5f000000);
    assert_int_equal(e.size, 3);
    assert_int_equal(e.dev_major, 8);
    assert_int_equal(e.dev_minor, 3);
    assert_int_equal(e.rdev_major, 4);
    assert_int_equal(e.rdev_minor, 64);
    assert_true(e.ino >= 100);
    assert_ptr_equal(e.data, ar.bytes + 112);
}

static void names(void **state)
{
    (void)state;
    begin();
    add(".", "");
    add("./a", "");
    add("/b", "");
    add(".//./c", "");
    add("..d", "");
    add("../e", "");
    add(".f", "");
    add("TRAILER!!", "");
    add_sized("070701", "padded", 4096 - 110, "on a page", 0);
    end();
    assert_string_equal(read_back(ar.len),
                        "=;a=;b=;c=;..d=;../e=;.f=;TRAILER!!=;padded=on a page;");
}

static void several_archives(void **state)
{
    (void)state;
    begin();
    add("one", "1");
    end();
    ar.len += 7; /* the second starts where no padding of the first would put it */
    ar.origin = ar.len;
    add("two", "22");
    add("three", "333");
    end();
    ar.len += 100;
    assert_string_equal(read_back(ar.len), "one=1;two=22;three=333;");
    strcpy(ar.bytes + ar.len, "\x1f\x8b");
    assert_string_equal(read_back(ar.len + 2), "one=1;two=22;three=333;bad magic");
}

static void checksums(void **state)
{
    (void)state;
    begin();
    add_sized("070702", "a", 2, "ab", 'a' + 'b');
    end();
    assert_string_equal(read_back(ar.len), "a=ab;");
    begin();
    add_sized("070702", "a", 2, "ab", 'a' + 'b' + 1);
    end();
    assert_string_equal(read_back(ar.len), "bad checksum");
}

/* A good archive of one entry whose bytes at the offset are overwritten. */
static void expect_damage(size_t offset, const char *patch, const char *expected)
{
    begin();
    add("ab", "data");
    end();
    memcpy(ar.bytes + offset, patch, strlen(patch));
    assert_string_equal(read_back(ar.len), expected);
}

static void damages(void **state)
{
    (void)state;
    expect_damage(0, "1", "bad magic");
    expect_damage(0, "070707", "bad magic");
    expect_damage(6, "0000000g", "bad hex digit");
    expect_damage(109, " ", "bad hex digit");
    expect_damage(94, "00001000", "name outside the archive");
    expect_damage(94, "ffffffff", "name outside the archive");
    expect_damage(94, "00000000", "name without an end");
    expect_damage(94, "00000002", "name without an end");
    expect_damage(54, "00001000", "data outside the archive");
    expect_damage(54, "ffffffff", "data outside the archive");
    expect_damage(54, "FFFFFFFD", "data outside the archive");
    expect_damage(54, "00000009", "ab=data07070;bad magic");
}

/* Cut anywhere, the reader says so; never with a good end before the trailer's name. */
static void truncated(void **state)
{
    size_t trailer;

    (void)state;
    begin();
    add("ab", "data");
    trailer = ar.len;
    end();
    for (size_t len = 0; len < trailer + 110 + 11; len++) {
        const char *out = read_back(len), *expected;

        if (len == 0)
            expected = "no trailer";
        else if (len < 110)
            expected = "truncated header";
        else if (len < 113)
            expected = "name outside the archive";
        else if (len < trailer)
            expected = "data outside the archive";
        else if (len == trailer)
            expected = "ab=data;no trailer";
        else if (len < trailer + 110)
            expected = "ab=data;truncated header";
        else
            expected = "ab=data;name outside the archive";
        assert_string_equal(out, expected);
    }
    assert_string_equal(read_back(trailer + 110 + 11), "ab=data;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),          cmocka_unit_test(fields),    cmocka_unit_test(names),
        cmocka_unit_test(several_archives), cmocka_unit_test(checksums), cmocka_unit_test(damages),
        cmocka_unit_test(truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
