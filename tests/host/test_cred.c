/* SPDX-License-Identifier: MIT
 *
 * The permission function against a second statement of the rule, for every mode and class, and
 * what capabilities add; and what exec makes of ids.
 */
#include "tests/host/testing.h"

#include "fs/cred.h"
#include "fs/vnode.h"

/* A user of group 20, 30 and 40 besides. */
static struct cred user = {.uid = 1000,
                           .euid = 1000,
                           .suid = 1000,
                           .fsuid = 10,
                           .gid = 1000,
                           .egid = 1000,
                           .sgid = 1000,
                           .fsgid = 20,
                           .ngroups = 2,
                           .group = {30, 40}};

/* POSIX: owner, else group, else others. */
static bool allowed(uint32_t mode, bool is_owner, bool in_group, unsigned want)
{
    for (unsigned bit = 1; bit <= 4; bit *= 2) {
        bool has = is_owner ? mode & bit << 6 : in_group ? mode & bit << 3 : mode & bit;

        if (want & bit && !has)
            return false;
    }
    return true;
}

static void each_mode(void **state)
{
    static const uint32_t uids[] = {0, 10, 1000}, gids[] = {0, 20, 30, 40, 1000};
    static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFCHR};

    (void)state;
    for (uint32_t mode = 0; mode <= 0777; mode++)
        for (unsigned u = 0; u < ARRAY_SIZE(uids); u++)
            for (unsigned g = 0; g < ARRAY_SIZE(gids); g++)
                for (unsigned want = 0; want < 8; want++) {
                    bool in_group = gids[g] == 20 || gids[g] == 30 || gids[g] == 40;
                    bool ok = allowed(mode, uids[u] == 10, in_group, want);

                    for (unsigned t = 0; t < ARRAY_SIZE(types); t++)
                        assert_int_equal(cred_may(&user, types[t] | mode, uids[u], gids[g], want),
                                         ok ? 0 : -13);
                }
}

/* Everything but running what nobody may run. */
static void root(void **state)
{
    (void)state;
    for (uint32_t mode = 0; mode <= 0777; mode++)
        for (unsigned want = 0; want < 8; want++) {
            bool ok = !(want & MAY_EXEC) || mode & 0111;

            assert_int_equal(cred_may(NULL, S_IFREG | mode, 5, 5, want), ok ? 0 : -13);
            assert_int_equal(cred_may(NULL, S_IFDIR | mode, 5, 5, want), 0);
        }
}

static void powers(void **state)
{
    struct cred c = user;

    (void)state;
    c.effective = CAP_BIT(CAP_DAC_READ_SEARCH);
    assert_int_equal(cred_may(&c, S_IFREG | 0100, 0, 0, MAY_READ), 0);
    assert_int_not_equal(cred_may(&c, S_IFREG | 0100, 0, 0, MAY_READ | MAY_WRITE), 0);
    assert_int_not_equal(cred_may(&c, S_IFREG | 0100, 0, 0, MAY_EXEC), 0);
    assert_int_equal(cred_may(&c, S_IFDIR, 0, 0, MAY_READ | MAY_EXEC), 0);
    assert_int_not_equal(cred_may(&c, S_IFDIR, 0, 0, MAY_WRITE | MAY_EXEC), 0);
    c.effective = CAP_BIT(CAP_DAC_OVERRIDE);
    assert_int_equal(cred_may(&c, S_IFREG, 0, 0, MAY_READ | MAY_WRITE), 0);
    assert_int_not_equal(cred_may(&c, S_IFREG, 0, 0, MAY_EXEC), 0);
    assert_int_equal(cred_may(&c, S_IFREG | 0001, 10, 0, MAY_EXEC), 0);
    assert_int_equal(cred_may(&c, S_IFDIR, 0, 0, MAY_WRITE | MAY_EXEC), 0);
    c.effective = CAPS_ALL & ~(CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH));
    assert_int_not_equal(cred_may(&c, S_IFREG, 0, 0, MAY_READ), 0);
}

static void set_ids(void **state)
{
    struct cred_exec ids;
    struct cred c = user;

    (void)state;
    cred_exec_ids(NULL, S_IFREG | 0755, 7, 8, &ids);
    assert_false(ids.set_ids || ids.secure || ids.uid || ids.euid || ids.gid || ids.egid);
    cred_exec_ids(NULL, S_IFREG | 04755, 7, 8, &ids);
    assert_true(ids.set_ids && ids.secure && ids.euid == 7 && ids.uid == 0 && ids.egid == 0);
    cred_exec_ids(&c, S_IFREG | 06755, 7, 8, &ids);
    assert_true(ids.set_ids && ids.secure && ids.euid == 7 && ids.uid == 1000 && ids.egid == 8);
    cred_exec_ids(&c, S_IFREG | 02745, 7, 8, &ids); /* no group may run it: no set-group-ID */
    assert_false(ids.set_ids || ids.secure);
    cred_exec_ids(&c, S_IFREG | 04755, 1000, 8, &ids);
    assert_true(ids.set_ids && !ids.secure);
    c.euid = 9;
    cred_exec_ids(&c, S_IFREG | 0755, 7, 8, &ids);
    assert_true(ids.secure && ids.euid == 9 && !ids.set_ids);
    c.no_new_privs = true;
    cred_exec_ids(&c, S_IFREG | 06755, 7, 8, &ids);
    assert_false(ids.set_ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode),
        cmocka_unit_test(root),
        cmocka_unit_test(powers),
        cmocka_unit_test(set_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
