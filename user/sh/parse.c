/* SPDX-License-Identifier: MIT
 *
 * From a line to commands. Words are separated by blanks; '..' quotes everything, ".." everything
 * but \" \\ and $?, a backslash the next character; # starts a comment where a word could start;
 * ; and & end a command. Redirection and pipes are refused rather than passed on as words.
 */
#include <stdio.h>
#include <string.h>

#include "sh.h"

/* The words of one command; $? grows by one character at most. */
static char words[2 * LINE_MAX_BYTES + WORDS_MAX];

struct parser {
    const char *p;
    char *out;
};

static int parse_error(const char *what)
{
    fprintf(stderr, "sh: %s\n", what);
    return -1;
}

static bool status_expand(struct parser *s)
{
    if (s->p[0] != '$' || s->p[1] != '?')
        return false;
    s->p += 2;
    s->out += sprintf(s->out, "%d", shell.status);
    return true;
}

static int quoted_parse(struct parser *s, char quote)
{
    while (*s->p && *s->p != quote) {
        if (quote == '"' && status_expand(s))
            continue;
        if (quote == '"' && *s->p == '\\' && (s->p[1] == '"' || s->p[1] == '\\' || s->p[1] == '$'))
            s->p++;
        *s->out++ = *s->p++;
    }
    if (!*s->p)
        return parse_error(quote == '"' ? "closing \" is missing" : "closing ' is missing");
    s->p++;
    return 0;
}

static bool word_ends(char c)
{
    return c == '\0' || strchr(" \t\r;&<>|", c) != NULL;
}

static int word_parse(struct parser *s)
{
    while (!word_ends(*s->p)) {
        if (*s->p == '\'' || *s->p == '"') {
            char quote = *s->p++;
            if (quoted_parse(s, quote) < 0)
                return -1;
        } else if (*s->p == '\\' && s->p[1]) {
            *s->out++ = s->p[1];
            s->p += 2;
        } else if (!status_expand(s)) {
            *s->out++ = *s->p++;
        }
    }
    *s->out++ = '\0';
    return 0;
}

static void blanks_skip(struct parser *s)
{
    s->p += strspn(s->p, " \t\r");
    if (*s->p == '#')
        s->p += strlen(s->p);
}

/* > or >> and the name of a file. */
static int output_parse(struct parser *s, struct command *command)
{
    s->p++;
    command->append = *s->p == '>';
    if (command->append)
        s->p++;
    blanks_skip(s);
    if (word_ends(*s->p))
        return parse_error("no file name behind >");
    command->output = s->out;
    return word_parse(s);
}

/* After the words: what ends the command. */
static int command_end(struct parser *s, struct command *command)
{
    switch (*s->p) {
    case '<': return parse_error("redirection with < is not supported");
    case '|': return parse_error("pipes are not supported");
    case '&': command->background = true; break;
    default: break;
    }
    if (command->argc == 0 && *s->p)
        return parse_error(*s->p == '&' ? "no command before &" : "no command before ;");
    if (*s->p)
        s->p++;
    return command->argc > 0;
}

int command_parse(const char **pos, struct command *command)
{
    struct parser s = {*pos, words};

    command->argc = 0;
    command->background = false;
    command->output = NULL;
    for (blanks_skip(&s); !word_ends(*s.p) || *s.p == '>'; blanks_skip(&s)) {
        bool output = *s.p == '>';

        if (!output)
            command->argv[command->argc++] = s.out;
        if ((output ? output_parse(&s, command) : word_parse(&s)) < 0)
            return -1;
    }
    command->argv[command->argc] = NULL;
    int result = command_end(&s, command);
    *pos = s.p;
    return result;
}
