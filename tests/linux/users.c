/* SPDX-License-Identifier: MIT
 *
 * Theme users: ids and how they change, groups, capabilities, set-id programs. What dropping root
 * means for files and for other processes are themes of their own, rights and others.
 */
#include <grp.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "compare.h"

#define HEADER(v, p) ((uint32_t[2]){v, p})
#define V1           0x19980330u
#define V3           0x20080522u

static void show_ids(void)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    gid_t list[40];
    char text[300] = "";
    int n = getgroups(40, list);

    getresuid(&r, &e, &s);
    getresgid(&rg, &eg, &sg);
    for (int i = 0; i < n; i++)
        sprintf(text + strlen(text), " %u", list[i]);
    say("uid %u %u %u fs %d gid %u %u %u fs %d groups%s", r, e, s, setfsuid(-1), rg, eg, sg,
        setfsgid(-1), text);
}

static void show_caps(void)
{
    uint32_t d[6] = {0};

    if (syscall(SYS_capget, HEADER(V3, 0), d))
        say("capget: %s", error_name(errno));
    else
        say("effective %x %x permitted %x %x inheritable %x %x", d[3], d[0], d[4], d[1], d[5],
            d[2]);
}

/* Which program is run by setid_programs: it tells who it is. */
void users_program(bool waits)
{
    say("secure %lu auxv %lu %lu %lu %lu", getauxval(AT_SECURE), getauxval(AT_UID),
        getauxval(AT_EUID), getauxval(AT_GID), getauxval(AT_EGID));
    show_ids();
    show_caps();
    SHOW(prctl(PR_GET_DUMPABLE));
    if (waits) {
        close(TOLD);
        pause();
    }
}

void drop_to(uid_t uid, gid_t gid)
{
    gid_t list[] = {2000, 100};

    setgroups(2, list);
    setresgid(gid, gid, gid);
    setresuid(uid, uid, uid);
}

void file_owned(const char *path, unsigned mode, uid_t uid, gid_t gid)
{
    close(open(path, O_RDWR | O_CREAT, 0600));
    chown(path, uid, gid);
    chmod(path, mode);
}

static void dropped(void)
{
    drop_to(1000, 1000);
}

/* Ids. */

static void by_setuid(void)
{
    CALL(setuid(-1));
    CALL(setuid(1000));
    show_ids();
    show_caps();
    CALL(setuid(0));
    CALL(setuid(1000));
    CALL(seteuid(0));
    CALL(setgid(5));
    CALL(setgroups(0, NULL));
}

static void by_seteuid(void)
{
    CALL(seteuid(1000));
    show_ids();
    show_caps();
    CALL(setuid(2));
    CALL(setgid(5));
    CALL(open("secret", O_RDONLY));
    CALL(seteuid(0));
    show_ids();
    show_caps();
    CALL(setuid(0));
}

static void by_setreuid(void)
{
    CALL(setreuid(-1, -1));
    show_ids();
    CALL(setreuid(1000, -1));
    show_ids();
    CALL(setreuid(-1, 1001));
    show_ids();
    show_caps();
    CALL(setreuid(1001, 1000));
    show_ids();
    CALL(setreuid(-1, 0));
    CALL(setreuid(7, -1));
}

static void by_setresuid(void)
{
    CALL(setresuid(1000, 1001, 1002));
    show_ids();
    show_caps();
    CALL(setresuid(1002, 1000, 1001));
    show_ids();
    CALL(setresuid(-1, 1003, -1));
    CALL(setresuid(1003, -1, -1));
    CALL(setresuid(-1, -1, 1003));
    CALL(setuid(1001));
    show_ids();
    CALL(getresuid((void *)1, NULL, NULL));
}

static void by_fsuid(void)
{
    CALL(setfsuid(1000));
    show_ids();
    show_caps();
    CALL(open("secret", O_RDONLY));
    CALL(setfsuid(0));
    show_caps();
    CALL(setfsgid(1000));
    show_ids();
    CALL(setresuid(1000, 1000, 1000));
    show_ids();
    CALL(setfsuid(0));
    show_ids();
    CALL(setfsgid(9));
    show_ids();
}

static void by_gids(void)
{
    CALL(setresgid(10, 11, 12));
    show_ids();
    CALL(setregid(11, 12));
    show_ids();
    CALL(setresuid(1000, 1000, 1000));
    CALL(setgid(11));
    show_ids();
    CALL(setresgid(10, -1, -1));
    CALL(setregid(-1, 10));
    CALL(setregid(12, -1));
    show_ids();
    CALL(setegid(11));
    CALL(setgid(0));
    CALL(getresgid((void *)1, NULL, NULL));
}

static void by_16(void)
{
    uint16_t list[3] = {70, 65535, 60};
    uint16_t r, e, s;

    CALL(syscall(SYS_setresuid, 65535, 65535, 65535));
    CALL(setresgid(70000, 70001, 3));
    CALL(syscall(SYS_getgid));
    CALL(syscall(SYS_getegid));
    CALL(syscall(SYS_getresgid, &r, &e, &s));
    say("%u %u %u", r, e, s);
    CALL(syscall(SYS_setgroups, 3, list));
    list[1] = 50;
    CALL(syscall(SYS_setgroups, 3, list));
    show_ids();
    CALL(syscall(SYS_getgroups, 0, NULL));
    CALL(syscall(SYS_getgroups, 2, list));
    CALL(syscall(SYS_getgroups, 3, list));
    say("%u %u %u", list[0], list[1], list[2]);
    CALL(syscall(SYS_setreuid, 65535, 300));
    CALL(syscall(SYS_getuid));
    CALL(syscall(SYS_geteuid));
    CALL(syscall(SYS_setuid, 0));
    CALL(syscall(SYS_setuid, 301));
    show_ids();
    CALL(syscall(SYS_setgid, 3));
    CALL(syscall(SYS_setregid, 65535, 65535));
    CALL(syscall(SYS_setfsuid, 0));
    CALL(syscall(SYS_setfsgid, 70));
    show_ids();
}

static void groups(void)
{
    gid_t list[40] = {30, 10, 20, 10};

    CALL(getgroups(-1, list));
    CALL(setgroups(4, list));
    show_ids();
    CALL(getgroups(3, list));
    CALL(getgroups(4, (void *)1));
    CALL(getgroups(0, (void *)1));
    CALL(setgroups(4, (void *)1));
    CALL(setgroups(65537, list));
    CALL(setgroups(0, NULL));
    show_ids();
    CALL(setgroups(1, (gid_t[]){-1}));
    for (int i = 0; i < 32; i++)
        list[i] = 1000 - i;
    CALL(setgroups(32, list));
    show_ids();
}

/* Capabilities and prctl. */

static void capabilities(void)
{
    uint32_t d[6] = {~0u, ~0u, 0, ~0u, ~0u, 0}, h[2] = {5, 0};

    show_caps();
    CALL(syscall(SYS_capget, h, NULL));
    say("version %x", h[0]);
    h[0] = 5;
    CALL(syscall(SYS_capget, h, d));
    CALL(syscall(SYS_capget, HEADER(V3, -1), d));
    CALL(syscall(SYS_capget, HEADER(V3, 30000), d));
    CALL(syscall(SYS_capget, HEADER(V3, 0), (void *)1));
    CALL(syscall(SYS_capget, (void *)1, d));
    CALL(syscall(SYS_capget, HEADER(V1, 0), d));
    say("%x %x %x", d[0], d[1], d[2]);
    CALL(syscall(SYS_capset, HEADER(V3, 1), d));
    CALL(syscall(SYS_capset, HEADER(V3, 0), (void *)1));
    CALL(syscall(SYS_capset, HEADER(V3, 0), ((uint32_t[6]){0, ~0u, 0, 0, ~0u, 0})));
    show_caps();
    CALL(open("secret", O_RDONLY));
    CALL(chown("plain", 1, 1));
    CALL(setuid(1));
    CALL(syscall(SYS_capset, HEADER(V3, 0), ((uint32_t[6]){2, ~0u, 1, 0, 0x1fu, 0})));
    show_caps();
    CALL(open("mine", O_RDONLY));
    CALL(chown("plain", 1, 1));
    CALL(syscall(SYS_capset, HEADER(V3, 0), ((uint32_t[6]){2, 2, 0, 0, 0, 0})));
    CALL(syscall(SYS_capset, HEADER(V3, 0), ((uint32_t[6]){2, ~0u, 0, 0, ~0u, 0})));
    CALL(syscall(SYS_capset, HEADER(V3, 0), ((uint32_t[6]){4, 2, 0, 0, 0, 0})));
    show_caps();
}

static void controls(void)
{
    CALL(prctl(PR_GET_KEEPCAPS));
    CALL(prctl(PR_SET_KEEPCAPS, 2));
    CALL(prctl(PR_SET_KEEPCAPS, 1));
    CALL(prctl(PR_GET_KEEPCAPS));
    CALL(setresuid(1000, 1000, 1000));
    show_caps();
    CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0));
    CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CALL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    CALL(prctl(PR_CAPBSET_READ, 40));
    CALL(prctl(PR_CAPBSET_READ, 41));
    CALL(prctl(PR_GET_SECUREBITS));
    CALL(prctl(12345, 0, 0, 0, 0));
}

static void ids(void)
{
    about("ids of root");
    show_ids();
    IN_CHILD(by_setuid);
    IN_CHILD(by_seteuid);
    IN_CHILD(by_setreuid);
    IN_CHILD(by_setresuid);
    IN_CHILD(by_fsuid);
    IN_CHILD(by_gids);
    IN_CHILD(by_16);
    about("groups");
    IN_CHILD(groups);
    about("capabilities");
    IN_CHILD(capabilities);
    IN_CHILD(controls);
}

/* Programs. */

static void copy_self(const char *path)
{
    static char bytes[65536];
    int from = open("/proc/self/exe", O_RDONLY),
        to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    ssize_t n;

    while ((n = read(from, bytes, sizeof(bytes))) > 0)
        if (write(to, bytes, (size_t)n) != n)
            say("copy: %s", error_name(errno));
    close(from);
    close(to);
}

static void run_program(void)
{
    execl("prog", "prog", "users-program", NULL);
    say("exec: %s", error_name(errno));
}

static void run_as_user(void)
{
    dropped();
    run_program();
}

static void run_without_new(void)
{
    dropped();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    run_program();
}

static void run_with_saved(void)
{
    setresuid(1000, 1001, 0);
    run_program();
}

static void run_script(void)
{
    dropped();
    execl("script", "script", NULL);
    say("exec: %s", error_name(errno));
}

static void run_all(uid_t uid, gid_t gid, unsigned mode)
{
    chown("prog", uid, gid);
    chmod("prog", mode);
    say("# mode %o owner %u:%u", mode, uid, gid);
    IN_CHILD(run_program);
    IN_CHILD(run_as_user);
}

static void programs(void)
{
    int fd;

    about("programs");
    copy_self("prog");
    run_all(0, 0, 0755);
    run_all(0, 0, 04755);
    run_all(1001, 1001, 04755);
    run_all(1001, 1001, 02755);
    run_all(1001, 1001, 06755);
    run_all(1001, 1001, 06745);
    run_all(0, 0, 0700);
    run_all(0, 0, 0711);
    run_all(1000, 0, 0711);
    run_all(0, 0, 0644);
    run_all(0, 0, 06755);
    IN_CHILD(run_without_new);
    chmod("prog", 0755);
    IN_CHILD(run_with_saved);
    fd = open("script", O_WRONLY | O_CREAT, 0755);
    dprintf(fd, "#!/tmp/users/prog users-program\n");
    close(fd);
    chown("script", 1001, 1001);
    chmod("script", 06755);
    IN_CHILD(run_script);
    CALL(open("/proc/self/exe", O_RDONLY | O_TRUNC));
    CALL(open("/proc/self/exe", O_WRONLY));
}

void theme_users(void)
{
    file_owned("plain", 0644, 0, 0);
    file_owned("secret", 0600, 0, 0);
    file_owned("mine", 0600, 1000, 1000);
    ids();
    programs();
}
