/* SPDX-License-Identifier: MIT
 *
 * Page-out: a thread that keeps some frames free. When fewer than lotsfree are, it lets a policy
 * look through the core map for pages that nobody has used for a while; their entries then name
 * swap, or nothing, and the frames stay findable until they are needed: reclaimable. Who finds no
 * frame at all waits for it. Source: 4.3BSD's pageout() and schedpaging() (vm_page.c, vm_sched.c);
 * SunOS 4's two hands.
 */
#ifndef MM_PAGEOUT_H
#define MM_PAGEOUT_H

#include "mm/frame.h"

struct as;

/* Starts the thread. Once, when threads can run. 0 or -ENOMEM. */
int __must_check pageout_start(void);
/* Frames are short, or nearly so: the thread looks at it. Any context that may wake a thread. */
void pageout_wake(void);
/* No frame was there: sleeps until page-out has got some, true, or has found nothing to take,
 * false. The caller holds no lock that page-out takes, which are all spinning ones. */
bool pageout_wait(void);
/* Who sleeps longest, and was not given before while it slept like that: its address space, which
 * may go at any time; NULL: nobody sleeps for long. Asked when memory is desperate, by the thread,
 * which takes all that it has. Before pageout_start. */
void pageout_set_sleeper(const struct as *(*sleeper)(void));
/* For an audit, when no thread that may need page-out runs: the thread is not at work when it
 * returns, and does nothing until pageout_resume. May sleep. */
void pageout_pause(void);
void pageout_resume(void);
/* A frame of the kernel's for what a program's call needs, waited for if need be; NO_PFN: there is
 * none to be had. The caller frees it. May sleep, as pageout_wait. */
pfn_t __must_check pageout_frame(void);
/* At least n frames are free or droppable, after a wait if there is room in swap; n <= lotsfree.
 * False: there are not. May sleep, as pageout_wait. */
bool pageout_make(uint32_t n);
/* A thread that holds this many frames free begins at `lotsfree`; below desfree it does not rest
 * between two rounds; at minfree programs wait. Frames. */
struct pageout_limits {
    uint32_t lotsfree, desfree, minfree;
};
struct pageout_limits pageout_limits(void);
/* What the policy is called. */
const char *pageout_policy(void);
/* How many frames the thread would look at in a round now; 0: it sleeps, enough are free. */
uint32_t pageout_pace(void);

struct pageout_stats {
    uint32_t rounds;    /* of the thread */
    uint32_t scanned;   /* frames that a policy passed: a clock's front hand */
    uint32_t looks;     /* at a frame, by one hand or the other */
    uint64_t look_ns;   /* that these took; what was done with what they found is not in it */
    uint32_t cleared;   /* pages whose translations were taken away, to see whether they are used */
    uint32_t used;      /* pages that a policy left alone because they were */
    uint32_t taken;     /* pages that became reclaimable */
    uint32_t laundered; /* of these were written first */
    uint32_t failed;    /* could not be written */
    uint32_t waits;     /* threads that had to wait */
    uint32_t hopeless;  /* times that nothing was found, though somebody needed it */
    uint32_t nodes;     /* page-table nodes taken */
    uint32_t sleepers;  /* address spaces taken whole */
};
struct pageout_stats pageout_stats(void);

#endif
