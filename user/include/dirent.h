/* SPDX-License-Identifier: MIT
 *
 * Reading directories, over getdents64. Takes the place of newlib's header, which only says that
 * there is none.
 */
#ifndef DIRENT_H
#define DIRENT_H

#include <stdint.h>

#define DT_UNKNOWN 0
#define DT_CHR     2
#define DT_DIR     4
#define DT_REG     8
#define DT_LNK     10

struct dirent {
    uint64_t d_ino;
    int64_t d_off;
    uint16_t d_reclen;
    uint8_t d_type;
    char d_name[];
};

typedef struct dir DIR;

DIR *opendir(const char *path);
/* The entry belongs to the DIR and stays valid until the next call. */
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);

#endif
