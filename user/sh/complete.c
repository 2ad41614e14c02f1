/* SPDX-License-Identifier: MIT
 *
 * Tab: completes the word in front of the cursor. Where a command can stand it is one of the
 * shell's own, of /bin or /tests; elsewhere a path, or a command if no path begins like it (`time
 * he`). The first Tab puts in what all candidates have in common, a second one lists them. Words
 * with quotes or backslashes are left alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <dirent.h>

#include "edit.h"
#include "sh.h"

#define NAMES_MAX    160
#define PATH_BYTES   256
#define SEPARATORS   " ;&|<>"
#define UNCOMPLETED  "'\"\\"
#define QUOTED_CHARS " ;&|<>'\"\\#$"

/* What was found; candidates beyond NAMES_MAX are counted and not listed. */
struct matches {
    const char *prefix;
    size_t prefix_len;
    char common[PATH_BYTES]; /* what all begin with, the prefix included */
    size_t common_len, longest, found, count;
    bool folder; /* the last one is a directory */
    char *names[NAMES_MAX];
};

static void match_add(struct matches *m, const char *name, bool folder)
{
    size_t len = strlen(name), same = 0;

    if (strncmp(name, m->prefix, m->prefix_len) != 0 || len >= sizeof m->common)
        return;
    if (m->found++ == 0) {
        memcpy(m->common, name, len + 1);
        m->common_len = len;
    }
    while (same < m->common_len && name[same] == m->common[same])
        same++;
    m->common_len = same;
    m->longest = len > m->longest ? len : m->longest;
    m->folder = folder;
    if (m->count < NAMES_MAX && (m->names[m->count] = strdup(name)))
        m->count++;
}

static bool is_folder(const char *path, const struct dirent *entry)
{
    char full[2 * PATH_BYTES];
    struct stat st;

    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
    return stat(full, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Names that begin with a dot are found by those who type it. */
static void folder_search(struct matches *m, const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.' || m->prefix[0] == '.')
            match_add(m, entry->d_name, is_folder(path, entry));
    closedir(dir);
}

static void commands_search(struct matches *m)
{
    const char *name;

    for (size_t i = 0; (name = builtin_name(i)); i++)
        match_add(m, name, false);
    folder_search(m, "/bin");
    folder_search(m, "/tests");
}

/* Candidates for a path: those in its folder. */
static void paths_search(struct matches *m)
{
    const char *slash = strrchr(m->prefix, '/');
    char path[PATH_BYTES];

    if (!slash) {
        folder_search(m, ".");
        return;
    }
    size_t len = (size_t)(slash - m->prefix) + 1;
    memcpy(path, m->prefix, len);
    path[len] = '\0';
    m->prefix += len;
    m->prefix_len -= len;
    folder_search(m, path);
}

/* Where the word in front of the cursor begins. */
static size_t word_start(const struct edit *edit)
{
    size_t at = edit->at;

    while (at > 0 && !strchr(SEPARATORS, edit->text[at - 1]))
        at--;
    return at;
}

static bool command_place(const struct edit *edit, size_t start)
{
    while (start > 0 && edit->text[start - 1] == ' ')
        start--;
    return start == 0 || edit->text[start - 1] == ';' || edit->text[start - 1] == '&';
}

static int names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In columns as wide as the longest name, read across. */
static void names_list(struct matches *m)
{
    size_t across = terminal_columns() / (m->longest + 2), column = 0;

    qsort(m->names, m->count, sizeof m->names[0], names_compare);
    for (size_t i = 0; i < m->count; i++) {
        bool last = ++column >= across || i + 1 == m->count;
        printf("%-*s%s", last ? 0 : (int)m->longest + 2, m->names[i], last ? "\n" : "");
        column = last ? 0 : column;
    }
    if (m->found > m->count)
        printf("and %u more\n", (unsigned)(m->found - m->count));
}

/* Puts in what goes beyond the prefix, with what must be quoted behind a backslash. */
static void common_insert(struct edit *edit, const struct matches *m)
{
    for (size_t i = m->prefix_len; i < m->common_len; i++) {
        if (strchr(QUOTED_CHARS, m->common[i]))
            edit_insert(edit, "\\", 1);
        edit_insert(edit, m->common + i, 1);
    }
    if (m->common_len == m->longest) /* only one, or the same name in two places */
        edit_insert(edit, m->folder ? "/" : " ", 1);
}

static void word_search(struct matches *m, const struct edit *edit, const char *word)
{
    bool path = strchr(word, '/') != NULL;

    *m = (struct matches){.prefix = word, .prefix_len = strlen(word)};
    if (!path && command_place(edit, word_start(edit))) {
        commands_search(m);
        return;
    }
    paths_search(m);
    if (m->found == 0 && !path && m->prefix_len > 0)
        commands_search(m);
}

bool complete(struct edit *edit, bool again)
{
    static struct matches m;
    size_t start = word_start(edit), len = edit->at - start;
    char word[PATH_BYTES];
    bool listed = false;

    if (len >= sizeof word)
        return false;
    memcpy(word, edit->text + start, len);
    word[len] = '\0';
    if (strpbrk(word, UNCOMPLETED))
        return false;
    word_search(&m, edit, word);
    if (m.found > 0 && (m.common_len > m.prefix_len || m.common_len == m.longest)) {
        common_insert(edit, &m);
    } else if (m.found > 0 && again) {
        screen_end(edit, "");
        names_list(&m);
        listed = true;
    }
    for (size_t i = 0; i < m.count; i++)
        free(m.names[i]);
    return listed;
}
