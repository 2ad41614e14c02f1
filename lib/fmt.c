/* SPDX-License-Identifier: MIT
 *
 * Formatted text: a conversion is parsed into struct spec, its digits are made from the right in a
 * small array, and one function pads and emits. Called by everything that prints.
 */
#include "lib/fmt.h"

#include <limits.h>
#include <string.h>

struct out {
    char *buf;
    size_t size, len; /* len: of the whole text, may pass size */
};

struct spec {
    bool left, zero;
    int width, precision; /* precision < 0: none given */
    char length;          /* 'H' hh, 'h', 0 int, 'l', 'q' long long, 'z', 't', 'j' */
    char conversion;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void put_repeated(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

/* Emits sign (may be empty), zeros and body in the field's width. */
static void put_field(struct out *o, const struct spec *s, const char *sign, int nzeros,
                      const char *body, size_t len)
{
    int pad = s->width - (int)strlen(sign) - nzeros - (int)len;

    if (!s->left)
        put_repeated(o, ' ', pad);
    for (; *sign; sign++)
        put(o, *sign);
    put_repeated(o, '0', nzeros);
    for (size_t i = 0; i < len; i++)
        put(o, body[i]);
    if (s->left)
        put_repeated(o, ' ', pad);
}

static void put_number(struct out *o, const struct spec *s, const char *sign,
                       unsigned long long value, unsigned base, const char *alphabet)
{
    char digits[24];
    int n = 0, nzeros;

    /* The 64-bit division is a library call on ARM: only while the value needs it. */
    for (; value > UINT32_MAX; value /= base)
        digits[sizeof(digits) - ++n] = alphabet[value % base];
    for (uint32_t low = (uint32_t)value; low != 0; low /= base)
        digits[sizeof(digits) - ++n] = alphabet[low % base];
    if (n == 0 && s->precision != 0)
        digits[sizeof(digits) - ++n] = '0';

    if (s->precision >= 0)
        nzeros = s->precision - n;
    else if (s->zero && !s->left)
        nzeros = s->width - (int)strlen(sign) - n;
    else
        nzeros = 0;
    put_field(o, s, sign, MAX(nzeros, 0), digits + sizeof(digits) - n, (size_t)n);
}

/* The string's length in bytes; no byte behind the first max is looked at. */
static size_t bounded_length(const char *text, size_t max)
{
    size_t n = 0;

    while (n < max && text[n])
        n++;
    return n;
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    if (!text)
        text = "(null)";
    put_field(o, s, "", 0, text,
              bounded_length(text, s->precision < 0 ? SIZE_MAX : (size_t)s->precision));
}

static int parse_digits(const char **f)
{
    int n = 0;

    for (; **f >= '0' && **f <= '9'; (*f)++)
        n = n < 100000 ? n * 10 + (**f - '0') : n;
    return n;
}

static char parse_length(const char **f)
{
    char c = **f;

    if (c == 'l' || c == 'h') {
        (*f)++;
        if (**f != c)
            return c;
        (*f)++;
        return c == 'l' ? 'q' : 'H';
    }
    if (c == 'z' || c == 't' || c == 'j') {
        (*f)++;
        return c;
    }
    return 0;
}

static long long signed_argument(char length, va_list *ap)
{
    switch (length) {
    case 'H': return (signed char)va_arg(*ap, int);
    case 'h': return (short)va_arg(*ap, int);
    case 'l': return va_arg(*ap, long);
    case 'q': return va_arg(*ap, long long);
    case 'j': return va_arg(*ap, intmax_t);
    case 'z':
    case 't': return va_arg(*ap, ptrdiff_t);
    default: return va_arg(*ap, int);
    }
}

static unsigned long long unsigned_argument(char length, va_list *ap)
{
    switch (length) {
    case 'H': return (unsigned char)va_arg(*ap, unsigned);
    case 'h': return (unsigned short)va_arg(*ap, unsigned);
    case 'l': return va_arg(*ap, unsigned long);
    case 'q': return va_arg(*ap, unsigned long long);
    case 'j': return va_arg(*ap, uintmax_t);
    case 'z':
    case 't': return va_arg(*ap, size_t);
    default: return va_arg(*ap, unsigned);
    }
}

static void put_pointer(struct out *o, struct spec *s, const void *p)
{
    s->precision = 2 * (int)sizeof(p);
    put_number(o, s, "0x", (uintptr_t)p, 16, "0123456789abcdef");
}

/* Prints one argument; false if the conversion is not one of ours. */
static bool put_conversion(struct out *o, struct spec *s, va_list *ap)
{
    long long value;
    char c;

    switch (s->conversion) {
    case 'd':
    case 'i':
        value = signed_argument(s->length, ap);
        put_number(o, s, value < 0 ? "-" : "",
                   value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value, 10,
                   "0123456789");
        return true;
    case 'u': put_number(o, s, "", unsigned_argument(s->length, ap), 10, "0123456789"); return true;
    case 'x':
        put_number(o, s, "", unsigned_argument(s->length, ap), 16, "0123456789abcdef");
        return true;
    case 'X':
        put_number(o, s, "", unsigned_argument(s->length, ap), 16, "0123456789ABCDEF");
        return true;
    case 'p': put_pointer(o, s, va_arg(*ap, void *)); return true;
    case 's': put_string(o, s, va_arg(*ap, const char *)); return true;
    case 'c':
        c = (char)va_arg(*ap, int);
        put_field(o, s, "", 0, &c, 1);
        return true;
    case '%': put(o, '%'); return true;
    default: return false;
    }
}

static int parse_number(const char **f, va_list *ap)
{
    if (**f != '*')
        return parse_digits(f);
    (*f)++;
    return va_arg(*ap, int);
}

/* Parses what stands between '%' and the conversion; *f ends behind the conversion. */
static void parse_spec(struct spec *s, const char **f, va_list *ap)
{
    *s = (struct spec){.precision = -1};
    for (; **f == '-' || **f == '0'; (*f)++) {
        s->left |= **f == '-';
        s->zero |= **f == '0';
    }
    s->width = parse_number(f, ap);
    if (s->width < 0) {
        s->left = true;
        s->width = s->width == INT_MIN ? 0 : -s->width;
    }
    if (**f == '.') {
        (*f)++;
        s->precision = parse_number(f, ap);
    }
    s->length = parse_length(f);
    s->conversion = **f;
    if (**f)
        (*f)++;
}

int fmt_vsnprint(char *buf, size_t size, const char *f, va_list ap)
{
    struct out o = {.buf = buf, .size = size};
    struct spec s;
    va_list args; /* a va_list parameter may be an array, whose address is another type */

    va_copy(args, ap);
    while (*f) {
        const char *start = f;

        if (*f++ != '%') {
            put(&o, *start);
            continue;
        }
        parse_spec(&s, &f, &args);
        if (!put_conversion(&o, &s, &args))
            for (; start < f; start++)
                put(&o, *start);
    }
    va_end(args);
    if (size > 0)
        buf[MIN(o.len, size - 1)] = '\0';
    return (int)o.len;
}

int fmt_snprint(char *buf, size_t size, const char *f, ...)
{
    va_list ap;
    int n;

    va_start(ap, f);
    n = fmt_vsnprint(buf, size, f, ap);
    va_end(ap);
    return n;
}
