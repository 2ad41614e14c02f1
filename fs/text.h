/* SPDX-License-Identifier: MIT
 *
 * Text files made when they are opened: a generator prints into a growing buffer of frames and
 * read() serves from it, so that one open sees one consistent state. For /proc.
 */
#ifndef FS_TEXT_H
#define FS_TEXT_H

#include "fs/file.h"

struct text; /* the growing buffer */

/* Appends; when memory is short the rest is lost and the reader gets -ENOMEM at its end. Passes
 * preemption points: no spinlock held. text_printf cuts at 255 bytes. */
void text_printf(struct text *t, const char *format, ...) __printf(2, 3);
void text_write(struct text *t, const char *s, size_t n);

/* Sets room bytes aside and, until text_thaw, appends without allocating or preempting: for what
 * is printed with locks held or while memory is audited. False: no memory. */
bool __must_check text_freeze(struct text *t, size_t room);
void text_thaw(struct text *t);

/* For a vnode's operations: open runs generate(t, arg), read serves, close frees. */
int text_open(struct file *f, void (*generate)(struct text *t, void *arg), void *arg);
int text_read(struct file *f, uint64_t pos, vaddr_t ubuf, size_t len);
void text_close(struct file *f);

#endif
