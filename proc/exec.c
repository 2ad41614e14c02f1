/* SPDX-License-Identifier: MIT
 *
 * execve: the loader builds a new address space, then the process steps into it; and process 1. A
 * failing exec leaves the caller as it was; after `begin` nothing can fail.
 * Locks: the process lock, shared, while the process changes what /proc looks at.
 */
#include "loader/exec.h"

#include "fs/pipe.h"
#include "fs/tty.h"
#include "include/uapi/errno.h"
#include "kern/arch.h"
#include "kern/bootargs.h"
#include "kern/clock.h"
#include "kern/log.h"
#include "kern/panic.h"
#include "kern/trace.h"
#include "proc/cred.h"
#include "proc/limits.h"
#include "proc/pid.h"
#include "proc/proc_impl.h"
#include "proc/proc_timers.h"
#include "proc/refs_control.h"
#include "proc/signal_impl.h"
#include "proc/stats.h"

/* Loads the program that args->path names. */
static int load(const struct exec_args *args, struct exec_image *image)
{
    struct vnode *v;
    int error = vnode_lookup(args->cwd, args->path, true, &v);

    if (error)
        return error;
    error = exec_load(v, args, image);
    vnode_unref(v);
    return error;
}

/* Takes the new credentials, if there are any, and decides anew whether the process is dumpable.
 * Who looks in /proc sees no memory meanwhile, and asks once more afterwards whether he may
 * (procfs_open): neither the old memory with the new rights nor the other way. */
static void step_over(struct proc *p, struct cred *cred, bool dumpable)
{
    proc_share();
    p->as = NULL;
    proc_unshare();
    cred_set_dumpable(p, dumpable);
    if (cred)
        cred_commit(cred);
}

/* The process's new address space and name. Gives back what it had. */
static void step_into(struct proc *p, const struct exec_image *image, const char *path)
{
    struct thread *t = thread_current();
    struct as *old = t->as;
    struct vnode *old_exe = p->exe;

    proc_share();
    p->as = image->as;
    p->exe = image->exe;
    p->execed = true;
    proc_set_comm(p->comm, path);
    proc_unshare();
    t->as = image->as;
    hat_switch(&image->as->hat);
    if (unlikely(p->recording))
        refs_exec(p, image->ids.secure || image->ids.unreadable);
    as_leave(old);
    proc_put_exe(old_exe);
}

/* What of a thread and its process does not outlive exec. */
static void forget(struct proc *p)
{
    struct thread *t = thread_current();

    arch_thread_release(t);
    arch_set_tls(0);
    if (unlikely(p->timers))
        timers_exec(p); /* while what they send is handled as before */
    signal_exec(p, t);
}

/* The credentials that the program asks for, if they are others: *cred. The caller becomes the only
 * thread, and leaves the futexes of the old memory. If it can't, the new one goes. */
static int begin(struct proc *p, const struct exec_image *image, struct cred **cred)
{
    struct thread *t = thread_current();
    int error = cred_exec(&image->ids, cred);

    if (!error && unlikely(p->nthreads > 1 || t->tid != p->pid)) {
        error = thread_be_alone();
        if (!error)
            cred_thread_leads(t);
    }
    if (unlikely(error)) {
        if (*cred)
            cred_drop(*cred);
        as_leave(image->as);
        proc_put_exe(image->exe);
    } else if (unlikely(t->robust | t->clear_tid)) {
        thread_forget_futexes(t);
    }
    return error;
}

/* Steps: copy the arguments, while the old memory is there; load the new program beside it; end the
 * other threads; close what is closed by exec; take the credentials; step into the new memory and
 * leave the old one; forget what does not outlive exec; let a vfork parent go on; set the
 * registers.
 */
int proc_exec(const char *path, vaddr_t argv, vaddr_t envp)
{
    struct proc *p = proc_current();
    struct as_limits limits;
    struct exec_args args = {.path = path,
                             .cwd = proc_cwd(),
                             .limits = limits_of_memory(p, &limits),
                             .held = &p->exec_frames};
    struct exec_image image;
    struct cred *cred = NULL;
    int error = exec_args_from_user(&args, argv, envp);

    if (!error)
        error = load(&args, &image);
    exec_args_free(&args);
    vnode_unref(args.cwd);
    if (error)
        return error;
    error = begin(p, &image, &cred);
    if (error)
        return error;
    fdtable_exec(p->files); /* nobody who may look soon finds those that end here */
    if (unlikely(cred || p->undumpable))
        step_over(p, cred, !image.ids.secure && !image.ids.unreadable);
    step_into(p, &image, path);
    forget(p);
    vfork_release(p);
    if (unlikely(p->limits))
        limits_apply(p); /* they may have changed while it was loaded */
    trace(TRACE_EXEC, (uint32_t)p->pid, image.entry);
    stat_count(&proc_stats()->execs);
    arch_set_entry(image.entry, image.sp);
    return 0;
}

static struct exec_image init_image;

/* First thing in init's thread: its registers. On return it goes to user mode. */
static void init_thread(void *arg)
{
    const struct exec_image *image = arg;

    arch_set_entry(image->entry, image->sp);
    log_printf("first user instruction at %lu ticks\n", (unsigned long)clock_ticks());
}

static struct tty_caller current_caller(void)
{
    const struct proc *p = proc_current();

    return (struct tty_caller){p ? p->pgid : 0, p ? p->sid : 0, p && p->sid == p->pid};
}

/* The calling process wrote into a pipe that nobody reads. */
static void signal_broken_pipe(void)
{
    if (proc_current())
        signal_send(proc_current(), SIGPIPE, NULL);
}

/* Descriptors 0, 1 and 2. */
static void open_console(struct fdtable *files)
{
    struct vnode *v;
    struct file *f = NULL;
    int error = vnode_lookup(NULL, "/dev/console", true, &v);

    if (!error)
        error = file_open(v, O_RDWR, NULL, &f);
    for (int fd = 0; fd < 3 && !error; fd++)
        if (fdtable_add(files, file_ref(f), 0, false) < 0)
            file_unref(f);
    if (f)
        file_unref(f);
    if (error)
        log_printf("init: /dev/console can't be opened (error %d)\n", -error);
}

/* Process 1 around a loaded image; at boot nothing of this can fail but for want of memory. */
static int make_init(const struct exec_image *image, const char *path)
{
    int error = -ENOMEM;
    struct proc *p = proc_alloc(&error);
    struct thread *t;

    if (!p)
        return error;
    kassert(p->pid == PID_INIT);
    p->files = fdtable_create();
    t = p->files ? thread_create(p, init_thread, &init_image) : NULL;
    if (!t)
        panic("no memory for process 1");
    init_image = *image;
    open_console(p->files);
    p->as = t->as = image->as;
    p->exe = image->exe;
    p->cwd = vnode_ref(vnode_root());
    p->umask = 022;
    p->fork_copies = bootargs_is("fork", "copy");
    p->pgid = p->sid = p->pid;
    p->nthreads = 1;
    proc_set_comm(p->comm, path);
    tty_on_interrupt(signal_send_group);
    tty_on_caller(current_caller, job_background, job_session_of);
    pipe_on_broken(signal_broken_pipe);
    proc_lock();
    proc_enter_locked(p, NULL);
    thread_start(t, false);
    proc_unlock();
    return 0;
}

int proc_start_init(const char *path, const char *const argv[])
{
    static const char *const envp[] = {"HOME=/", "TERM=linux", NULL};
    const char *const plain[] = {path, NULL};
    struct exec_args args = {.path = path, .limits = limits_of_memory(NULL, NULL)};
    struct exec_image image;
    int error = exec_args_from_kernel(&args, argv ? argv : plain, envp);

    if (!error)
        error = load(&args, &image);
    exec_args_free(&args);
    return error ? error : make_init(&image, path);
}
