/* SPDX-License-Identifier: MIT
 *
 * The kernel command line. One scanner splits words; everything else asks it.
 */
#include "lib/cmdline.h"

#include <string.h>

#include "include/uapi/errno.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The word as it stands, quotes and all: false at the end of the text. */
static bool next_raw(const char **p, const char **word, size_t *len)
{
    const char *at = *p;
    bool quoted = false;

    while (is_space(*at))
        at++;
    *word = at;
    for (; *at && (quoted || !is_space(*at)); at++)
        quoted ^= *at == '"';
    *len = (size_t)(at - *word);
    *p = at;
    return *len > 0;
}

/* Takes a leading quote away and the one at the end that closes it. */
static void strip_quotes(const char **word, size_t *len)
{
    if (*len == 0 || **word != '"')
        return;
    (*word)++;
    (*len)--;
    if (*len > 0 && (*word)[*len - 1] == '"')
        (*len)--;
}

bool cmdline_next(const char **p, const char **word, size_t *len)
{
    if (!next_raw(p, word, len))
        return false;
    strip_quotes(word, len);
    return true;
}

static bool is_separator(const char *raw, size_t len)
{
    return len == 2 && raw[0] == '-' && raw[1] == '-';
}

/* As cmdline_next, and ends before the words of init. */
static bool next_kernel_word(const char **p, const char **word, size_t *len)
{
    if (!next_raw(p, word, len) || is_separator(*word, *len))
        return false;
    strip_quotes(word, len);
    return true;
}

const char *cmdline_get(const char *line, const char *key, size_t *len)
{
    size_t key_len = strlen(key), word_len;
    const char *word, *value = NULL;

    while (next_kernel_word(&line, &word, &word_len)) {
        if (word_len <= key_len || word[key_len] != '=' || memcmp(word, key, key_len) != 0)
            continue;
        value = word + key_len + 1;
        *len = word_len - key_len - 1;
        strip_quotes(&value, len);
    }
    return value;
}

bool cmdline_flag(const char *line, const char *word)
{
    size_t want = strlen(word), len;
    const char *at;

    while (next_kernel_word(&line, &at, &len))
        if (len == want && memcmp(at, word, len) == 0)
            return true;
    return false;
}

const char *cmdline_init_words(const char *line)
{
    const char *word;
    size_t len;

    while (next_raw(&line, &word, &len))
        if (is_separator(word, len))
            break;
    return line;
}

static int digit_value(char c, unsigned base)
{
    int v = 16;

    if (c >= '0' && c <= '9')
        v = c - '0';
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        v = (c | 0x20) - 'a' + 10;
    return v < (int)base ? v : -1;
}

static int suffix_shift(char c)
{
    switch (c) {
    case 'k':
    case 'K': return 10;
    case 'm':
    case 'M': return 20;
    case 'g':
    case 'G': return 30;
    default: return -EINVAL;
    }
}

int cmdline_size(const char *text, size_t len, uint64_t *bytes)
{
    unsigned base = len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
    size_t first = base == 16 ? 2 : 0, i = first;
    uint64_t n = 0;
    int shift = 0;
    bool fits = true;

    for (; i < len && digit_value(text[i], base) >= 0; i++) {
        uint64_t digit = (uint64_t)digit_value(text[i], base);

        fits = fits && n <= (UINT64_MAX - digit) / base;
        n = n * base + digit;
    }
    if (i == first || i + 1 < len)
        return -EINVAL;
    if (i < len)
        shift = suffix_shift(text[i]);
    if (shift < 0)
        return shift;
    if (!fits || n > UINT64_MAX >> shift)
        return -ERANGE;
    *bytes = n << shift;
    return 0;
}
