/* SPDX-License-Identifier: MIT
 *
 * From a line to commands. Words are separated by blanks; '..' quotes everything, ".." everything
 * but \" \\ and $?, a backslash the next character; # starts a comment where a word could start;
 * ; & and | end a command; < > and >> name a file for its input or output.
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

/* < or > or >> and the name of a file. */
static int redirection_parse(struct parser *s, struct command *command)
{
    bool output = *s->p++ == '>', append = output && *s->p == '>';

    if (append)
        s->p++;
    blanks_skip(s);
    if (word_ends(*s->p))
        return parse_error(output ? "no file name behind >" : "no file name behind <");
    if (output) {
        command->output = s->out;
        command->append = append;
    } else {
        command->input = s->out;
    }
    return word_parse(s);
}

/* After the words: what ends the command. */
static int command_end(struct parser *s, struct command *command)
{
    char end = *s->p;

    command->background = end == '&';
    command->piped = end == '|';
    if (command->argc == 0 && end)
        return parse_error(end == '&'   ? "no command before &"
                           : end == '|' ? "no command before |"
                                        : "no command before ;");
    if (end)
        s->p++;
    blanks_skip(s);
    if (end == '|' && (!*s->p || strchr(";&|", *s->p)))
        return parse_error("no command behind |");
    return command->argc > 0;
}

int command_parse(const char **pos, struct command *command)
{
    struct parser s = {*pos, words};

    command->argc = 0;
    command->input = command->output = NULL;
    for (blanks_skip(&s); !word_ends(*s.p) || *s.p == '>' || *s.p == '<'; blanks_skip(&s)) {
        const char *start = s.p;
        bool redirection = *s.p == '>' || *s.p == '<';

        if (!redirection)
            command->argv[command->argc++] = s.out;
        if ((redirection ? redirection_parse(&s, command) : word_parse(&s)) < 0)
            return -1;
        if ((*s.p == '>' || *s.p == '<') && start + strspn(start, "0123456789") == s.p)
            return parse_error("a number before < or >: no other descriptors can be redirected");
    }
    command->argv[command->argc] = NULL;
    int result = command_end(&s, command);
    *pos = s.p;
    return result;
}
