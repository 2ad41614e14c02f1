/* SPDX-License-Identifier: MIT
 *
 * Mutation fuzzer without feedback. Seeds are the files of the folders (and the files) given as
 * arguments. Each is first run as it is; then each run takes a seed and changes it in one to eight
 * places: bits, bytes, words with numbers that like to break things, lengths, pieces of the same or
 * of another seed. SEED= repeats a session; ONLY= runs just the run of that number, for a debugger;
 * RUNS= sets the count.
 */
#include "tests/host/testing.h"

#include <dirent.h>
#include <sys/stat.h>

#include <sanitizer/common_interface_defs.h>

#include "tests/fuzz/fuzz.h"

#define MAX_SEEDS  256
#define MAX_BYTES  (64u << 10)
#define MAX_GROWTH 64u

struct seed {
    uint8_t *bytes;
    size_t len;
};

static struct {
    struct seed seeds[MAX_SEEDS];
    unsigned nseeds;
    uint64_t session; /* SEED */
    unsigned run;
    uint8_t buf[MAX_BYTES];
    size_t len;
} fuzz;

static void say_where(void)
{
    fprintf(stderr, "fuzz: to repeat: SEED=%llu ONLY=%u\n", (unsigned long long)fuzz.session,
            fuzz.run);
}

void fuzz_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    say_where();
    abort();
}

static void add_file(const char *path)
{
    struct seed *s = &fuzz.seeds[fuzz.nseeds];

    if (fuzz.nseeds == MAX_SEEDS) {
        fprintf(stderr, "fuzz: more than %d seeds\n", MAX_SEEDS);
        exit(1);
    }
    s->bytes = testing_read(path, &s->len);
    s->len = MIN(s->len, (size_t)MAX_BYTES);
    fuzz.nseeds++;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The order must be the same at every run, or SEED= means nothing. */
static void add_path(const char *path)
{
    struct dirent **names;
    struct stat st;
    int n;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        add_file(path);
        return;
    }
    n = scandir(path, &names, NULL, by_name);
    if (n < 0) {
        perror(path);
        exit(1);
    }
    for (int i = 0; i < n; i++) {
        char full[4096];

        snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            add_file(full);
        free(names[i]);
    }
    free(names);
}

/* Numbers at the edges of types, sizes and address ranges. */
static uint32_t interesting(void)
{
    static const uint32_t numbers[] = {
        0,          1,          2,          3,          4,          7,          8,
        16,         31,         32,         33,         63,         64,         100,
        127,        128,        255,        256,        0x7ff,      0x800,      0xfff,
        0x1000,     0x1001,     0x7fff,     0x8000,     0xffff,     0x10000,    0x3ffff000,
        0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xfffff000, 0xfffffff0, 0xfffffff8,
        0xfffffffc, 0xfffffffd, 0xfffffffe, 0xffffffff};

    if (testing_below(4) == 0)
        return (uint32_t)fuzz.len + testing_below(9) - 4;
    return numbers[testing_below(ARRAY_SIZE(numbers))];
}

/* Overwrites 1, 2, 4 or 8 bytes with a number, in either byte order or as hexadecimal text. */
static void put_number(size_t at)
{
    uint32_t value = interesting();
    unsigned bytes = 1u << testing_below(3), how = testing_below(3);
    char text[9];

    if (how == 2) {
        snprintf(text, sizeof(text), "%08x", value);
        for (unsigned i = 0; i < 8 && at + i < fuzz.len; i++)
            fuzz.buf[at + i] = (uint8_t)text[i];
        return;
    }
    for (unsigned i = 0; i < bytes && at + i < fuzz.len; i++)
        fuzz.buf[at + i] = (uint8_t)(value >> 8 * (how ? bytes - 1 - i : i));
}

/* Makes room for n bytes at the place, as far as there is some. */
static size_t open_gap(size_t at, size_t n)
{
    n = MIN(n, MAX_BYTES - fuzz.len);
    memmove(fuzz.buf + at + n, fuzz.buf + at, fuzz.len - at);
    fuzz.len += n;
    return n;
}

static void insert_piece(size_t at, const uint8_t *from, size_t from_len)
{
    uint8_t piece[MAX_GROWTH];
    size_t start = testing_below((uint32_t)from_len), n = 1 + testing_below(MAX_GROWTH);

    n = MIN(n, from_len - start);
    memcpy(piece, from + start, n);
    if (testing_below(2)) {
        n = open_gap(at, n);
        memcpy(fuzz.buf + at, piece, n);
    } else {
        memcpy(fuzz.buf + at, piece, MIN(n, fuzz.len - at));
    }
}

static void remove_piece(size_t at)
{
    size_t n = 1 + testing_below(MAX_GROWTH);

    n = MIN(n, fuzz.len - at);
    memmove(fuzz.buf + at, fuzz.buf + at + n, fuzz.len - at - n);
    fuzz.len -= n;
}

/* One change. Most files have what matters at their start, so half of the places are there. */
static void mutate(void)
{
    const struct seed *other = &fuzz.seeds[testing_below(fuzz.nseeds)];
    size_t at;

    if (fuzz.len == 0) {
        fuzz.len = open_gap(0, 1 + testing_below(4));
        return;
    }
    at = testing_below((uint32_t)(testing_below(2) ? MIN(fuzz.len, 256) : fuzz.len));
    switch (testing_below(12)) {
    case 0:
    case 1: fuzz.buf[at] ^= (uint8_t)(1u << testing_below(8)); break;
    case 2: fuzz.buf[at] = (uint8_t)testing_random(); break;
    case 3: fuzz.buf[at] = (uint8_t)(fuzz.buf[at] + testing_below(9) - 4); break;
    case 4:
    case 5: put_number(at); break;
    case 6:
    case 7: put_number(at & ~(size_t)3); break;
    case 8: fuzz.len = at; break;
    case 9: remove_piece(at); break;
    case 10: insert_piece(at, fuzz.buf, fuzz.len); break;
    default:
        if (other->len > 0)
            insert_piece(at, other->bytes, other->len);
    }
}

static bool run_buffer(void)
{
    uint8_t *exact = malloc(fuzz.len > 0 ? fuzz.len : 1);
    bool valid;

    memcpy(exact, fuzz.buf, fuzz.len);
    valid = fuzz_one(exact, fuzz.len);
    free(exact);
    return valid;
}

static void load(unsigned seed)
{
    fuzz.len = fuzz.seeds[seed].len;
    memcpy(fuzz.buf, fuzz.seeds[seed].bytes, fuzz.len);
}

/* Each run's changes follow from the session's seed and its number alone. */
static bool run_mutated(void)
{
    testing_state = fuzz.session + fuzz.run * UINT64_C(0x632be59bd9b4e019);
    load(testing_below(fuzz.nseeds));
    for (unsigned n = 1 + testing_below(8); n > 0; n--)
        mutate();
    return run_buffer();
}

int main(int argc, char **argv)
{
    const char *only = getenv("ONLY"), *count = getenv("RUNS");
    unsigned runs = count ? (unsigned)strtoul(count, NULL, 0) : testing_count(20000, 1000000);
    unsigned nvalid = 0;

    for (int i = 1; i < argc; i++)
        add_path(argv[i]);
    if (fuzz.nseeds == 0) {
        fprintf(stderr, "fuzz: no seeds\n");
        return 1;
    }
    testing_seed();
    fuzz.session = testing_state;
    __sanitizer_set_death_callback(say_where);

    if (only) {
        fuzz.run = (unsigned)strtoul(only, NULL, 0);
        printf("%s\n", run_mutated() ? "taken for valid" : "refused");
        return 0;
    }
    for (unsigned i = 0; i < fuzz.nseeds; i++) {
        load(i);
        nvalid += run_buffer();
    }
    printf("%u of %u seeds taken for valid\n", nvalid, fuzz.nseeds);
    nvalid = 0;
    for (fuzz.run = 1; fuzz.run <= runs; fuzz.run++)
        nvalid += run_mutated();
    printf("%u runs, %u taken for valid\n", runs, nvalid);
    for (unsigned i = 0; i < fuzz.nseeds; i++)
        free(fuzz.seeds[i].bytes);
    return 0;
}
