/* SPDX-License-Identifier: MIT
 *
 * frames [-w [SECONDS]]: physical memory as a map, from /proc/coremap. A cell is one frame or a
 * power of two of them, so many that the map fits the window, and shows what most of its frames in
 * use are for: a capital if at least half of them are in use, a small letter if fewer, a dot if
 * none is. `>` and `<` are the front and the back hand of page-out's clock, `*` both of them, as
 * /proc/quire/clock has them. With -w the map is drawn again every second, or every SECONDS, until
 * q or Ctrl-C; any other key draws it at once. The frames come in ascending order, so that no table
 * of them is needed: the map is made a cell at a time while the text passes by.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hands.h"
#include "quire.h"
#include "watch.h"

#define COREMAP      "/proc/coremap"
#define LABEL        7 /* columns in front of a row: its first frame */
#define LEGEND       6 /* rows below the map */
#define CELLS_MAX    256
#define ROWS_MAX     64
#define LEGEND_CELLS 4 /* types in a row of the legend */

/* The letters of cells and the colours (ANSI, background) of terminals. */
static const struct {
    const char *name;
    char letter;
    unsigned char colour;
} types[] = {
    {"free", '.', 49},   {"kernel", 'k', 41},   {"slab", 's', 45},      {"node", 'n', 43},
    {"table", 't', 46},  {"anon", 'a', 42},     {"file", 'f', 44},      {"zero", 'z', 47},
    {"stack", 'c', 101}, {"ramdisk", 'r', 104}, {"reserved", 'x', 100}, {"swap", 'w', 106},
    {"other", 'o', 105},
};

#define TYPES (sizeof types / sizeof types[0])
#define FREE  0u
#define OTHER (TYPES - 1)

static struct {
    unsigned long first, end; /* frames of the machine */
    unsigned long group;      /* frames a cell */
    unsigned across, rows;
    bool screen; /* draws over the last map */
    bool colour;
    unsigned long total[TYPES];
    bool hands; /* the clock has begun */
    unsigned long front, back;
    unsigned char shown[ROWS_MAX][CELLS_MAX]; /* letters on the screen */
} map;

static unsigned type_find(const char *word, size_t len)
{
    for (unsigned i = 0; i < OTHER; i++)
        if (strlen(types[i].name) == len && memcmp(types[i].name, word, len) == 0)
            return i;
    return OTHER;
}

/* "FIRST[-LAST] TYPE ..."; false if the line is none of a frame. */
static bool line_parse(const char *line, unsigned long *first, unsigned long *last, unsigned *type)
{
    char *p;

    *first = *last = strtoul(line, &p, 16);
    if (p == line)
        return false;
    if (*p == '-')
        *last = strtoul(p + 1, &p, 16);
    p += strspn(p, " ");
    *type = type_find(p, strcspn(p, " "));
    return *last >= *first;
}

/* Calls visit for each line of the core map; false and errno if it can't be read. */
static bool coremap_walk(void (*visit)(unsigned long first, unsigned long last, unsigned type))
{
    FILE *file = fopen(COREMAP, "r");
    char line[160];
    unsigned long first, last;
    unsigned type;

    if (!file)
        return false;
    while (fgets(line, sizeof line, file))
        if (line_parse(line, &first, &last, &type))
            visit(first, last, type);
    bool read = !ferror(file);
    fclose(file);
    return read;
}

static void range_visit(unsigned long first, unsigned long last, unsigned type)
{
    (void)type;
    if (map.end == 0)
        map.first = first;
    map.end = last + 1;
}

/* The cell being counted, and the row it is in. */
static struct {
    unsigned long number, count[TYPES], frames;
    unsigned char row[CELLS_MAX];
    unsigned char row_type[CELLS_MAX];
} cell;

static void row_draw(unsigned row, unsigned count)
{
    unsigned colour = 0;

    if (map.screen) {
        if (memcmp(map.shown[row], cell.row, count) == 0)
            return;
        memcpy(map.shown[row], cell.row, count);
        printf("\x1b[%u;1H", row + 1);
    }
    printf("%*lx ", LABEL - 1, map.first + (unsigned long)row * map.across * map.group);
    for (unsigned i = 0; i < count; i++) {
        unsigned wanted = types[cell.row_type[i]].colour;
        if (map.colour && wanted != colour)
            printf("\x1b[%um", colour = wanted);
        putchar(cell.row[i]);
    }
    printf(map.colour ? "\x1b[m\n" : "\n");
}

/* The hands that are in the cell, whose first frame is given. */
static unsigned char hands_mark(unsigned char letter, unsigned long first)
{
    bool front = map.hands && map.front - first < map.group;
    bool back = map.hands && map.back - first < map.group;

    return front && back ? '*' : front ? '>' : back ? '<' : letter;
}

/* Which letter the counted frames make. */
static void cell_end(void)
{
    unsigned column = (unsigned)(cell.number % map.across), best = FREE;
    unsigned long used = cell.frames - cell.count[FREE];

    for (unsigned i = 1; i < TYPES; i++)
        if (cell.count[i] > (best ? cell.count[best] : 0))
            best = i;
    char letter = types[best].letter;
    cell.row[column] =
        hands_mark((unsigned char)(2 * used >= cell.frames ? toupper(letter) : letter),
                   map.first + cell.number * map.group);
    cell.row_type[column] = (unsigned char)best;
    memset(cell.count, 0, sizeof cell.count);
    cell.frames = 0;
    if (column + 1 == map.across || map.first + (cell.number + 1) * map.group >= map.end)
        row_draw((unsigned)(cell.number / map.across), column + 1);
    cell.number++;
}

static void map_visit(unsigned long first, unsigned long last, unsigned type)
{
    map.total[type] += last - first + 1;
    while (first <= last && first < map.end) {
        unsigned long end = map.first + (cell.number + 1) * map.group;
        if (first >= end) { /* no line told of the rest of the cell */
            cell_end();
            continue;
        }
        unsigned long until = last + 1 < end ? last + 1 : end;
        cell.count[type] += until - first;
        cell.frames += until - first;
        first = until;
        if (until == end || until == map.end)
            cell_end();
    }
}

static void legend_draw(void)
{
    unsigned long used = map.end - map.first - map.total[FREE];

    for (unsigned i = 0; i < TYPES; i++) {
        if (map.colour)
            printf("\x1b[%um", types[i].colour);
        putchar(types[i].letter);
        printf("%s %-8s %7lu%s", map.colour ? "\x1b[m" : "", types[i].name, map.total[i],
               i % LEGEND_CELLS == LEGEND_CELLS - 1 || i == TYPES - 1 ? "\n" : "  ");
    }
    if (map.hands)
        printf("> front hand %lx  < back hand %lx  * both\n", map.front, map.back);
    else
        printf("page-out's clock has not begun\n");
    printf("%lu frames of 4 KiB, %lu in use; %lu a cell; capital: half or more in use%s\n",
           map.end - map.first, used, map.group, map.screen ? "; q ends" : "");
}

static bool hands_read(void)
{
    char *text = file_read_all(CLOCK_FILE, NULL);

    if (!text)
        return false;
    map.hands = hands_parse(text, &map.front, &map.back);
    free(text);
    return true;
}

static bool map_draw(void)
{
    if (!hands_read())
        return false;
    memset(map.total, 0, sizeof map.total);
    memset(&cell, 0, sizeof cell);
    if (!coremap_walk(map_visit))
        return false;
    if (map.screen)
        printf("\x1b[%u;1H", map.rows + 1);
    legend_draw();
    fflush(stdout);
    return true;
}

/* Powers of two, so that rows and cells begin at round numbers. */
static void map_fit(void)
{
    unsigned columns, rows;
    unsigned long frames = map.end - map.first;

    window_size(&columns, &rows);
    rows = rows > LEGEND + 2 ? rows - LEGEND - 1 : 1;
    if (rows > ROWS_MAX)
        rows = ROWS_MAX;
    map.across = 8;
    while (map.across * 2 + LABEL < columns && map.across < CELLS_MAX)
        map.across *= 2;
    map.group = 1;
    while ((frames + map.group - 1) / map.group > (unsigned long)map.across * rows)
        map.group *= 2;
    unsigned long cells = (frames + map.group - 1) / map.group;
    map.rows = (unsigned)((cells + map.across - 1) / map.across);
}

static int map_watch(unsigned seconds)
{
    if (map.screen)
        printf("\x1b[2J");
    watch_begin();
    do
        if (!map_draw())
            return fail("frames", COREMAP);
    while (!watch_wait(seconds));
    watch_end();
    return 0;
}

int main(int argc, char **argv)
{
    bool live = argc > 1 && strcmp(argv[1], "-w") == 0;
    uint32_t seconds = 1;

    if (argc > 1 + live + (live && argc > 2) ||
        (live && argc > 2 &&
         (!number_parse(argv[2], &seconds) || seconds == 0 || seconds > WATCH_SECONDS_MAX))) {
        fprintf(stderr, "usage: frames [-w [SECONDS]], 1 to %d seconds\n", WATCH_SECONDS_MAX);
        return 2;
    }
    if (!coremap_walk(range_visit))
        return fail("frames", COREMAP);
    map.colour = isatty(1);
    map.screen = live && map.colour;
    map_fit();
    if (live)
        return map_watch(seconds);
    return map_draw() ? 0 : fail("frames", COREMAP);
}
