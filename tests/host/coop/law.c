/* SPDX-License-Identifier: MIT
 *
 * A mapping of a page remembers which page of the file it may still have: files give a page number
 * another page (a generation) when it was cut off. Where a mapping may have an old one, or not,
 * both are tried. The search for an order is depth first: histories are short.
 */
#include "tests/host/coop/law.h"

#include <stdio.h>
#include <string.h>

#include "mm/fault.h"

#define GENERATIONS 6u
#define NOTHING     0xffu /* no generation: the next touch looks at the file */
#define THREADS     4u

struct view {
    bool mapped, own;
    uint8_t generation; /* that it may have, or, own, was copied of */
    uint8_t byte[LAW_OFFSETS];
};

struct state {
    uint32_t size;
    uint8_t current[LAW_PAGES];
    uint8_t byte[LAW_PAGES][GENERATIONS][LAW_OFFSETS];
    uint8_t disk[LAW_PAGES][LAW_OFFSETS];
    struct view view[LAW_SPACES][2][LAW_PAGES];
    struct view copy[THREADS]; /* taken by LAW_COPY */
};

struct search {
    const struct law_history *h;
    uint64_t before[LAW_EVENTS]; /* events that must come before */
};

static bool search(const struct search *s, const struct state *st, uint64_t done);

static bool within(const struct state *st, unsigned page)
{
    return page < pages_of(st->size);
}

static bool is_stale(const struct state *st, const struct view *v, unsigned page)
{
    return v->generation != NOTHING && (v->generation != st->current[page] || !within(st, page));
}

static struct view *view_of(struct state *st, const struct law_event *e)
{
    return &st->view[e->space][e->shared][e->page];
}

static bool go_on(const struct search *s, const struct state *st, unsigned i, uint64_t done)
{
    return search(s, st, done | UINT64_C(1) << i);
}

/* The page that the view has, for the event: loads are answered, stores done. */
static bool touch(const struct search *s, struct state st, unsigned i, uint64_t done)
{
    const struct law_event *e = &s->h->event[i];
    struct view *v = view_of(&st, e);
    uint8_t *bytes = v->own ? v->byte : st.byte[e->page][v->generation];

    switch (e->what) {
    case LAW_LOAD:
        if (bytes[e->offset] != e->result)
            return false;
        break;
    case LAW_STORE: bytes[e->offset] = (uint8_t)e->value; break;
    default: st.copy[e->thread] = *v; memcpy(st.copy[e->thread].byte, bytes, LAW_OFFSETS);
    }
    return go_on(s, &st, i, done);
}

/* Without anything of before: what the file has, if it has that page. */
static bool touch_anew(const struct search *s, struct state st, unsigned i, uint64_t done)
{
    const struct law_event *e = &s->h->event[i];
    struct view *v = view_of(&st, e);

    v->own = false;
    v->generation = NOTHING;
    if (!within(&st, e->page))
        return e->what == LAW_LOAD && e->result == -FAULT_BEYOND_END && go_on(s, &st, i, done);
    v->generation = st.current[e->page];
    return touch(s, st, i, done);
}

static bool access(const struct search *s, const struct state *st, unsigned i, uint64_t done)
{
    const struct law_event *e = &s->h->event[i];
    const struct view *v = &st->view[e->space][e->shared][e->page];

    if (!v->mapped)
        return e->what == LAW_LOAD && e->result == -FAULT_NO_SEGMENT && go_on(s, st, i, done);
    if (v->generation == NOTHING)
        return touch_anew(s, *st, i, done);
    return touch(s, *st, i, done) || (is_stale(st, v, e->page) && touch_anew(s, *st, i, done));
}

/* A private page is what the thread copied, unless it is the space's own already. */
static void set_own(struct state *st, const struct law_event *e)
{
    struct view *v = view_of(st, e);

    if (!v->own || is_stale(st, v, e->page))
        *v = st->copy[e->thread];
    v->own = true;
    v->byte[e->offset] = (uint8_t)e->value;
}

static void drop_pages(struct state *st)
{
    for (unsigned page = pages_of(st->size); page < LAW_PAGES; page++) {
        st->current[page]++;
        memset(st->byte[page][st->current[page]], 0, LAW_OFFSETS);
    }
}

/* Nobody has a page any more that is not the file's. */
static void drop_views(struct state *st)
{
    struct view *v = &st->view[0][0][0];

    for (unsigned k = 0; k < LAW_SPACES * 2 * LAW_PAGES; k++) {
        if (!is_stale(st, &v[k], k % LAW_PAGES))
            continue;
        v[k].own = false;
        v[k].generation = NOTHING;
    }
}

static void zero_tail(const struct law_start *start, struct state *st, uint32_t from)
{
    unsigned page = page_of(from);

    for (unsigned k = 0; page < LAW_PAGES && k < LAW_OFFSETS; k++)
        if (start->offset[k] >= (from & PAGE_MASK) && from & PAGE_MASK)
            st->byte[page][st->current[page]][k] = 0;
}

static bool answers(const struct search *s, const struct state *st, const struct law_event *e)
{
    if (e->what == LAW_DISK)
        return st->disk[e->page][e->offset] == e->result;
    if (page_addr(e->page) + s->h->start.offset[e->offset] >= st->size)
        return e->result == -1;
    return st->byte[e->page][st->current[e->page]][e->offset] == e->result;
}

static bool apply(const struct search *s, const struct state *st, unsigned i, uint64_t done)
{
    const struct law_event *e = &s->h->event[i];
    struct state next = *st;

    switch (e->what) {
    case LAW_LOAD:
    case LAW_STORE:
    case LAW_COPY: return access(s, st, i, done);
    case LAW_READ:
    case LAW_DISK: return answers(s, st, e) && go_on(s, st, i, done);
    case LAW_SET: set_own(&next, e); break;
    case LAW_WRITE: next.byte[e->page][next.current[e->page]][e->offset] = (uint8_t)e->value; break;
    case LAW_GROW: next.size = MAX(next.size, (uint32_t)e->value); break;
    case LAW_SIZE: next.size = (uint32_t)e->value; break;
    case LAW_DROP: drop_pages(&next); break;
    case LAW_END: drop_views(&next); break;
    case LAW_TAIL: zero_tail(&s->h->start, &next, (uint32_t)e->value); break;
    case LAW_UNMAP: view_of(&next, e)->mapped = false; break;
    case LAW_FORK: memcpy(next.view[e->to], next.view[e->space], sizeof(next.view[0])); break;
    case LAW_SYNC:
        memcpy(next.disk[e->page], next.byte[e->page][next.current[e->page]], LAW_OFFSETS);
        break;
    }
    return go_on(s, &next, i, done);
}

static bool search(const struct search *s, const struct state *st, uint64_t done)
{
    bool more = false;

    for (unsigned i = 0; i < s->h->n; i++) {
        if (done >> i & 1)
            continue;
        more = true;
        if (!(s->before[i] & ~done) && apply(s, st, i, done))
            return true;
    }
    return !more;
}

bool law_holds(const struct law_history *h)
{
    struct search s = {.h = h};
    struct state st = {.size = h->start.size_bytes};

    for (unsigned i = 0; i < h->n; i++) {
        for (unsigned k = 0; k < h->n; k++)
            if (h->event[k].end < h->event[i].begin)
                s.before[i] |= UINT64_C(1) << k;
        if (h->event[i].after >= 0)
            s.before[i] |= UINT64_C(1) << h->event[i].after;
    }
    for (unsigned page = 0; page < LAW_PAGES; page++) {
        memcpy(st.byte[page][0], h->start.byte[page], LAW_OFFSETS);
        memcpy(st.disk[page], h->start.byte[page], LAW_OFFSETS);
        for (unsigned space = 0; space < h->start.spaces; space++)
            for (unsigned shared = 0; shared < 2; shared++) {
                struct view *v = &st.view[space][shared][page];

                *v = (struct view){.mapped = page < h->start.pages,
                                   .own = h->start.own && !shared,
                                   .generation = within(&st, page) ? 0 : NOTHING};
                memcpy(v->byte, h->start.byte[page], LAW_OFFSETS);
            }
    }
    return search(&s, &st, 0);
}

void law_print(const struct law_history *h)
{
    static const char *const names[] = {
        [LAW_LOAD] = "load", [LAW_STORE] = "store", [LAW_COPY] = "copy", [LAW_SET] = "set",
        [LAW_READ] = "read", [LAW_WRITE] = "write", [LAW_GROW] = "grow", [LAW_SIZE] = "size",
        [LAW_DROP] = "drop", [LAW_END] = "end",     [LAW_TAIL] = "tail", [LAW_UNMAP] = "unmap",
        [LAW_FORK] = "fork", [LAW_SYNC] = "sync",   [LAW_DISK] = "disk",
    };

    for (unsigned i = 0; i < h->n; i++) {
        const struct law_event *e = &h->event[i];

        fprintf(stderr, "%5u-%-5u thread %u: %-5s %c %s page %u+%u value %d result %d\n", e->begin,
                e->end, e->thread, names[e->what], 'A' + e->space, e->shared ? "shared" : "private",
                e->page, h->start.offset[e->offset], e->value, e->result);
    }
}
