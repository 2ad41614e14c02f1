/* SPDX-License-Identifier: MIT
 *
 * What the programs that are compared with Linux share. A theme calls the kernel and prints one
 * line for each observation: CALL prints the call as it stands in the source, and its result or the
 * name of its error. Nothing that is printed depends on addresses that the kernel chose, on process
 * or inode numbers, or on the time: relations are printed instead. Mappings lie in a window of
 * addresses that is free on both kernels.
 */
#ifndef TESTS_LINUX_COMPARE_H
#define TESTS_LINUX_COMPARE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define PAGE   4096u
#define WINDOW 0x20000000u /* of 256 pages */
#define AT(n)  ((char *)(uintptr_t)(WINDOW + (n)*PAGE))

#define RW       (PROT_READ | PROT_WRITE)
#define SHAR_FIX (MAP_SHARED | MAP_FIXED)

/* Prints and passes on the result of a call. */
#define CALL(call)                                                                                 \
    ({                                                                                             \
        errno = 0;                                                                                 \
        long result_ = (long)(call);                                                               \
        observe(#call, result_);                                                                   \
        result_;                                                                                   \
    })
/* A value that is no call's result: -1 is -1. */
#define SHOW(value) say("%s = %ld", #value, (long)(value))

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void observe(const char *call, long result);
const char *error_name(int error);
/* A heading between observations. */
void about(const char *what);

/* mmap2 as the kernel has it: the offset in pages. */
char *map(void *at, size_t len, int prot, int flags, int fd, unsigned page);
/* Private, anonymous, readable and writable pages, in place of what was there. */
char *fresh(unsigned first, unsigned npages);
/* The same, page i filled with seed i. */
void fresh_filled(unsigned first, unsigned npages);
/* Unmaps the window. */
void window_clear(void);
/* Bytes of the page become a pattern of seed. */
void page_fill(char *page, unsigned seed);
/* A new file of that name, page i filled with seed i; its descriptor. */
int file_make(const char *name, unsigned bytes);
uint32_t sum_of(const void *bytes, size_t len, uint32_t sum);
/* For each page: '.' can't be read, 'z' zeroes, else the letter that it begins with, or '+'; large
 * or '#' when it can be written. Found by system calls, so that nothing is killed. */
void show_pages(unsigned first, unsigned npages);
/* What mincore says of each page. */
void show_incore(unsigned first, unsigned npages);
/* Size, mode, links, blocks, contents of a name or an open file. */
void show_file(const char *path);
void show_fd(int fd);

/* Runs it in a child and prints how that ended. The child may print. */
#define IN_CHILD(body) in_child(#body, body)
void in_child(const char *label, void (*body)(void));
/* Prints what a read, a write or an execution of the byte does to a child. */
void show_read(const char *at);
void show_write(char *at);
void show_exec(char *at);
void pause_ms(long ms);

/* What signal handlers see: noted, and printed later. */
extern char seen[2048];
void saw(const char *format, ...) __attribute__((format(printf, 1, 2)));
void show_seen(const char *when);
/* sigaction with nothing else blocked; a handler with SA_SIGINFO gets three arguments. */
int action_of(int sig, void *handler, int flags);

void theme_files(void);
void theme_data(void);
void theme_names(void);
void theme_times(void);
void theme_locks(void);
void theme_map(void);
void theme_protect(void);
void theme_remap(void);
void theme_advice(void);
void theme_shared(void);
void theme_sysv(void);
void theme_memfd(void);
void theme_signals(void);
void theme_faults(void);
void theme_jobs(void);
void theme_threads(void);
void theme_futex(void);
void theme_users(void);
void theme_rights(void);
void theme_others(void);
void theme_limits(void);
/* Who the caller is from now on, with two groups besides. */
void drop_to(uid_t uid, gid_t gid);
/* A new, empty file of that mode and owner. */
void file_owned(const char *path, unsigned mode, uid_t uid, gid_t gid);
/* What a set-id copy of this program does, by an argument. waits: closes TOLD then, and waits. */
void users_program(bool waits);
#define TOLD 9
void theme_procfs(void);
void theme_tty(void);
void theme_timers(void);
void theme_clocks(void);
void theme_epoll(void);

/* A random program by seed; prints its digest, or with loud each step. */
void random_program(uint32_t seed, bool loud);

#endif
