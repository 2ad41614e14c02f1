/* SPDX-License-Identifier: MIT
 *
 * Themes shared, sysv and memfd: memory that processes share by name (/dev/shm), by key (System V)
 * and by descriptor (memfd_create, with its seals).
 */
#include <linux/memfd.h>
#include <signal.h>
#include <stdio.h>

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "compare.h"

#define KEY 0x51554952

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

/* POSIX shared memory. */

static void child_shares(void)
{
    int fd = shm_open("/compare", O_RDWR, 0);

    map(AT(8), 2 * PAGE, RW, SHAR_FIX, fd, 0);
    show_pages(8, 2);
    memset(AT(9), 'c', PAGE);
    shm_unlink("/compare");
}

void theme_shared(void)
{
    struct statfs fs;
    int fd;

    CALL(statfs("/dev/shm", &fs));
    SHOW(fs.f_type);
    CALL(shm_open("/none", O_RDWR, 0));
    CALL(shm_open("/compare", O_RDWR | O_CREAT | O_EXCL, 0640));
    CALL(shm_open("/compare", O_RDWR | O_CREAT | O_EXCL, 0640));
    show_file("/dev/shm/compare");
    fd = shm_open("/compare", O_RDWR, 0);
    SHOW(fcntl(fd, F_GETFD));
    map(AT(0), 2 * PAGE, RW, SHAR_FIX, fd, 0);
    show_pages(0, 2);
    show_read(AT(0));
    CALL(ftruncate(fd, 2 * PAGE));
    show_pages(0, 2);
    memset(AT(0), 'p', PAGE);
    IN_CHILD(child_shares);
    show_pages(0, 2);
    CALL(shm_unlink("/compare"));
    show_fd(fd);
    window_clear();
}

/* System V. */

static int id;

static void show_segment(void)
{
    struct shmid_ds d;

    if (shmctl(id, IPC_STAT, &d)) {
        say("IPC_STAT -> %s", error_name(errno));
        return;
    }
    say("size %u attached %u mode %o owner %u:%u key %s creator %s last %s", (unsigned)d.shm_segsz,
        (unsigned)d.shm_nattch, d.shm_perm.mode, d.shm_perm.uid, d.shm_perm.gid,
        d.shm_perm.__key == KEY ? "KEY" : "other", d.shm_cpid == getpid() ? "self" : "other",
        d.shm_lpid == getpid() ? "self"
        : d.shm_lpid == 0      ? "0"
                               : "other");
    say("times:%s%s%s", d.shm_atime ? " attached" : "", d.shm_dtime ? " detached" : "",
        d.shm_ctime ? " changed" : "");
}

static void child_attached(void)
{
    show_segment();
    show_pages(0, 3);
    memset(AT(1), 's', PAGE);
    CALL(shmdt(AT(0)));
    show_segment();
}

static void getting(void)
{
    about("shmget");
    CALL(shmget(KEY, PAGE, 0600));
    CALL(shmget(KEY, 0, IPC_CREAT | 0600));
    CALL(shmget(KEY, 0x7fffffff, IPC_CREAT | 0600) < 0);
    id = shmget(KEY, 2 * PAGE + 1, IPC_CREAT | IPC_EXCL | 0640);
    SHOW(id >= 0);
    CALL(shmget(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0640));
    SHOW(shmget(KEY, PAGE, 0) == id);
    SHOW(shmget(KEY, 0, IPC_CREAT) == id);
    CALL(shmget(KEY, 4 * PAGE, 0));
    show_segment();
}

static void attaching(void)
{
    char *p;

    about("shmat and shmdt");
    CALL(shmat(id, AT(0), 0));
    CALL(shmat(id, AT(1), 0));
    CALL(shmat(id, AT(1), SHM_REMAP));
    CALL(shmat(id, AT(8) + 5, 0));
    CALL(shmat(id, AT(9) + 5, SHM_RND));
    CALL(shmat(id, NULL, SHM_REMAP));
    CALL(shmat(id, (void *)PAGE, SHM_REMAP));
    CALL(shmat(id, (void *)PAGE, SHM_RND));
    CALL(shmat(id, AT(20), SHM_RDONLY));
    CALL(shmat(id + 1, AT(30), 0));
    CALL(shmat(-1, AT(30), 0));
    CALL(shmat(id, AT(40), SHM_EXEC));
    p = shmat(id, NULL, 0);
    SHOW(p != (char *)-1);
    CALL(shmdt(p));
    show_segment();
    show_pages(0, 4);
    show_pages(20, 4);
    memset(AT(1), 'v', PAGE);
    show_pages(0, 4);
    show_pages(20, 4);
    CALL(mprotect(AT(20), PAGE, RW));
    CALL(shmdt(AT(5)));
    CALL(shmdt(AT(1) + 1));
    CALL(shmdt(AT(2)));
    CALL(shmdt(AT(20)));
    CALL(shmdt(AT(20)));
    CALL(shmdt(AT(40)));
    show_segment();
    window_clear();
    show_segment();
    CALL(shmat(id, AT(0), 0));
    IN_CHILD(child_attached);
    show_pages(0, 3);
    show_segment();
}

static void controlling(void)
{
    struct shmid_ds d;
    struct shminfo info;

    about("shmctl");
    CALL(shmctl(id, IPC_STAT, NULL));
    CALL(shmctl(id, 99, &d));
    CALL(shmctl(id + 1, IPC_STAT, &d));
    CALL(shmctl(-1, IPC_STAT, &d));
    CALL(shmctl(id, IPC_STAT, &d));
    d.shm_perm.mode = 01777;
    d.shm_perm.uid = 3;
    CALL(shmctl(id, IPC_SET, &d));
    show_segment();
    CALL(shmctl(id, SHM_LOCK, NULL));
    show_segment();
    CALL(shmctl(id, SHM_UNLOCK, NULL));
    SHOW(shmctl(0, IPC_INFO, (struct shmid_ds *)&info) >= 0);
    SHOW(info.shmmni);
    SHOW(info.shmmin);
    CALL(munmap(AT(1), PAGE));
    show_segment();
    CALL(shmdt(AT(0)));
    show_segment();
    CALL(shmat(id, AT(0), 0));
    CALL(mremap(AT(0), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT(16)));
    show_segment();
    CALL(shmdt(AT(0)));
    show_segment();
    CALL(shmdt(AT(16)));
    show_segment();
    window_clear();
    CALL(shmat(id, AT(0), 0));
    about("removal");
    CALL(shmctl(id, IPC_RMID, NULL));
    show_segment();
    CALL(shmget(KEY, PAGE, 0));
    CALL(shmat(id, AT(8), 0));
    show_pages(0, 4);
    CALL(shmctl(id, IPC_RMID, NULL));
    CALL(shmdt(AT(0)));
    CALL(shmdt(AT(8)));
    CALL(shmctl(id, IPC_RMID, NULL));
    show_segment();
    id = shmget(IPC_PRIVATE, PAGE, 0600);
    SHOW(id >= 0);
    show_segment();
    CALL(shmctl(id, IPC_RMID, NULL));
    show_segment();
}

void theme_sysv(void)
{
    window_clear();
    getting();
    attaching();
    controlling();
}

/* memfd_create. */

static void creating(void)
{
    char name[300];
    int fd;

    about("memfd_create");
    CALL(memfd_create("x", MFD_CLOEXEC));
    CALL(fcntl(3, F_GETFD));
    CALL(memfd_create("x", 0x80));
    CALL(syscall(SYS_memfd_create, (char *)1, 0));
    memset(name, 'm', sizeof(name));
    name[249] = 0;
    CALL(memfd_create(name, 0));
    name[249] = 'm';
    name[250] = 0;
    CALL(memfd_create(name, 0));
    CALL(memfd_create("", 0));
    show_fd(3);
    CALL(fcntl(3, F_GETFL) & ~O_LARGEFILE);
    CALL(fcntl(3, F_GET_SEALS));
    CALL(fcntl(3, F_ADD_SEALS, F_SEAL_GROW));
    fd = open("plain", O_RDWR | O_CREAT, 0600);
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    for (int i = 3; i < 10; i++)
        close(i);
}

static int sealed(int seals)
{
    int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

    ftruncate(fd, 2 * PAGE);
    pwrite(fd, "hello", 5, 0);
    fcntl(fd, F_ADD_SEALS, seals);
    return fd;
}

static void sizes(void)
{
    int fd = sealed(F_SEAL_SHRINK);

    about("seals of the size");
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(ftruncate(fd, PAGE));
    CALL(ftruncate(fd, 3 * PAGE));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    CALL(ftruncate(fd, 4 * PAGE));
    CALL(ftruncate(fd, 3 * PAGE));
    CALL(pwrite(fd, "12", 2, 3 * PAGE - 1));
    CALL(pwrite(fd, "12", 2, 3 * PAGE));
    CALL(fallocate(fd, 0, 0, 4 * PAGE));
    CALL(fallocate(fd, 1, 0, 4 * PAGE));
    CALL(fallocate(fd, 3, 0, PAGE));
    show_fd(fd);
    CALL(fcntl(fd, F_ADD_SEALS, 0x100));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(fd, F_ADD_SEALS, 0));
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(fcntl(77, F_GET_SEALS));
    close(fd);
}

static void try_mappings(int fd)
{
    CALL(map(AT(0), PAGE, RW, SHAR_FIX, fd, 0));
    CALL(map(AT(0), PAGE, PROT_WRITE, SHAR_FIX, fd, 0));
    CALL(map(AT(2), PAGE, PROT_READ, SHAR_FIX, fd, 0));
    CALL(mprotect(AT(2), PAGE, RW));
    CALL(map(AT(4), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0));
    CALL(mprotect(AT(4), PAGE, PROT_READ));
    CALL(mprotect(AT(4), PAGE, RW));
    show_pages(0, 6);
    window_clear();
}

static void writes(void)
{
    int fd = sealed(0), read_only;
    char path[40];

    about("F_SEAL_WRITE and mappings");
    try_mappings(fd);
    map(AT(0), PAGE, RW, SHAR_FIX, fd, 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(mprotect(AT(0), PAGE, PROT_READ));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW));
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(munmap(AT(0), PAGE));
    map(AT(0), PAGE, PROT_READ, SHAR_FIX, fd, 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    munmap(AT(0), PAGE);
    map(AT(0), PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    AT(0)[0] = 'p';
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_only = open(path, O_RDONLY);
    if (read_only >= 0)
        map(AT(8), PAGE, PROT_READ, SHAR_FIX, read_only, 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    close(read_only);
    window_clear();
    CALL(fcntl(fd, F_GET_SEALS));
    CALL(write(fd, "x", 1));
    CALL(pwrite(fd, "x", 0, 0));
    CALL(ftruncate(fd, 0));
    CALL(ftruncate(fd, 2 * PAGE));
    CALL(fallocate(fd, 3, 0, PAGE));
    CALL(fallocate(fd, 0, 0, PAGE));
    try_mappings(fd);
    show_fd(fd);
    close(fd);
}

static void future_writes(void)
{
    int fd = sealed(0);

    about("F_SEAL_FUTURE_WRITE");
    map(AT(10), PAGE, RW, SHAR_FIX, fd, 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    AT(10)[1] = 'F';
    CALL(mprotect(AT(10), PAGE, PROT_READ));
    CALL(mprotect(AT(10), PAGE, RW));
    CALL(mremap(AT(10), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, AT(12)));
    show_pages(12, 1);
    CALL(pwrite(fd, "x", 1, 0));
    CALL(fallocate(fd, 3, 0, PAGE));
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    window_clear();
    try_mappings(fd);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    CALL(fcntl(fd, F_GET_SEALS));
    show_fd(fd);
    close(fd);
}

static void shared_with_child(void)
{
    int fd = sealed(0), status;
    pid_t pid;

    about("mappings of others");
    map(AT(0), PAGE, RW, SHAR_FIX, fd, 0);
    pid = fork();
    while (pid == 0)
        pause_ms(1000);
    window_clear();
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    CALL(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    close(fd);
}

void theme_memfd(void)
{
    window_clear();
    creating();
    sizes();
    writes();
    future_writes();
    shared_with_child();
}
