/* SPDX-License-Identifier: MIT
 *
 * Reference strings: which pages an address space touches, in order, interval by interval. At the
 * start of an interval all its translations are taken away, so that the next touch of each page
 * faults; fault.c tells us. The text of a record is defined in docs/REFERENCE-STRINGS.md.
 * A record has room for so many pages of words, which are promised and taken when it is made, and
 * go with its last holder. Whose it is, and when intervals begin, is the caller's business
 * (proc/refs_control.c). Locks: as->lock, for writing where recording begins or ends; (l) inside.
 * Source: the sampling of VSWS and of Denning's working-set monitors, by the HAT's being a cache.
 */
#ifndef MM_REFS_H
#define MM_REFS_H

#include "kern/lock.h"
#include "mm/as.h"
#include "mm/fault.h"

#define REFS_PAGES_MAX    512u /* of a record's words: about half a million references */
#define REFS_NAME         16u
#define REFS_US_LEAST     100u /* of an interval: an instruction needs several pages at once */
#define REFS_US_MOST      3600000000u /* an hour */
#define REFS_FAULTS_LEAST 16u         /* likewise */
#define REFS_FAULTS_MOST  1000000u

/* What is to be recorded. */
struct refs_request {
    uint32_t interval_us;     /* 0: intervals end after so many references: */
    uint32_t interval_faults; /* 0: they begin by refs_next alone */
    uint32_t pages;           /* room, 1 to REFS_PAGES_MAX */
    uint32_t most;            /* references, then nothing more is recorded; 0: as many as fit */
};

enum refs_state {
    REFS_ARMED, /* has not begun */
    REFS_ON,
    REFS_FULL,  /* has as many references as were asked for */
    REFS_ENDED, /* and is only kept to be read */
};

struct refs {
    uint32_t holders;            /* atomic */
    struct refs_request request; /* (c) */
    int pid;                     /* (c) */
    char name[REFS_NAME];        /* (c) once it began */
    struct as *as;               /* (as->lock) a reference; NULL: armed or ended */
    uint64_t start_ns;           /* (c) once it began */
    uint32_t **page;             /* (c) the words */
    struct spin lock;
    enum refs_state state; /* (l) */
    uint64_t end_ns;       /* (l) when it ended or was full */
    uint64_t mark_us;      /* (l) start of the interval, of which nothing is there yet: */
    bool pending;          /* (l) */
    uint32_t words;        /* (l) in use */
    uint32_t count, lost;  /* (l) references */
    uint32_t fresh;        /* (l) of them in this interval, lost ones too */
    uint32_t marks, sum;   /* (l) as the text's last line has them */
    uint32_t shared;       /* (l) nodes that had to stay shared, in all intervals */
};

/* All numbers are in bounds. */
bool refs_possible(const struct refs_request *request);
/* A new record, armed, with one holder. -EINVAL: a number out of bounds; -ENOMEM: no memory, or
 * not to be promised. Passes preemption points. */
int __must_check refs_create(const struct refs_request *request, int pid, struct refs **made);
void refs_hold(struct refs *r);
/* Pages that all records were promised, for the audit. */
uint32_t refs_committed(void);
/* The last one frees it, which has ended or never began. Any context. */
void refs_put(struct refs *r);

/* Recording of as begins, with a first interval. name: the program's. -EBUSY: as is being recorded
 * already. May sleep. */
int __must_check refs_begin(struct refs *r, struct as *as, const char *name);
/* It ends, for ever; an armed one will not begin. May sleep. */
void refs_end(struct refs *r);
/* A new interval begins now, unless there was no reference since the last one began. as: r's, with
 * a reference of the caller's. False: r has ended. May sleep. */
bool refs_next(struct refs *r, struct as *as);

/* For fault.c, as->lock held for reading: the fault is over and the page there; a page came without
 * being touched. */
void refs_fault(struct fault *f);
void refs_untouched(struct fault *f);
/* For as_fork, as->lock held for writing: nobody else's touches shall load what is as's. */
void refs_unshare(struct as *as);

/* A moment's picture of a record, and how far its text has been made. */
struct refs_text {
    struct refs *refs; /* a holder */
    uint64_t start_ns, end_us;
    enum refs_state state;
    uint32_t words, count, lost, marks, sum, shared;
    uint32_t at; /* of words */
    unsigned step;
};

#define REFS_LINE 192u

/* Takes the picture. */
void refs_text_begin(struct refs_text *t, struct refs *r);
/* The next line, with its end, into buf; its length, 0 behind the last one. */
unsigned refs_text_line(struct refs_text *t, char buf[REFS_LINE]);

#endif
