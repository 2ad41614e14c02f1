/* SPDX-License-Identifier: MIT
 *
 * The partition table in the first sector of a disk, the Master Boot Record: four entries of 16
 * bytes from byte 446, then the bytes 55 aa. Read from memory: no I/O, no allocation, no lock,
 * never sleeps; any context. The bytes may be anybody's: what is accepted lies inside the disk,
 * behind the table, and does not overlap; a table with one bad entry is refused as a whole. Not
 * read: logical partitions (an extended one is listed as a partition of its type, what is in it
 * stays unknown), the GUID partition table, the geometry (cylinders, heads) beside each start.
 * Source: UEFI Specification 2.10, 5.2.1 to 5.2.3 (Legacy MBR, Partition Record, OS Types,
 * Protective MBR). It leaves the types to A. Brouwer's list of partition identifiers: 05, 0f, 85
 * are extended.
 */
#ifndef BLOCK_MBR_H
#define BLOCK_MBR_H

#include "lib/base.h"

#define MBR_BYTES 512u
#define MBR_PARTS 4u

struct mbr_part {
    uint8_t number;        /* 1 .. 4: the entry's place in the table */
    uint8_t type;          /* what is said to be in it; 0: the entry is unused */
    uint32_t start, count; /* sectors of 512 bytes, from the disk's first; 0 in an unused entry */
};

/* Reads the table of a disk of that many sectors. parts[n] becomes entry n + 1, used or not.
 * 0: a table, perhaps without partitions; *why is NULL.
 * -ENOENT: no table, no error: no 55 aa at the end, or a status byte other than 00 and 80, which is
 * how the code of a boot sector (a FAT file system over the whole disk) is told from a table. A FAT
 * boot sector with zeros in the table's place is a table without partitions: the same to the
 * caller. -EINVAL: a table that is not to be used: an entry of count or start 0, beyond the disk's
 * end, overlapping another; or a protective one (type ee), which stands for a table that is not
 * read. With an error all parts are unused, and *why is the reason, a constant text. */
int mbr_parse(const uint8_t sector[MBR_BYTES], uint64_t disk_sectors,
              struct mbr_part parts[MBR_PARTS], const char **why) __must_check;

/* It holds a chain of logical partitions, no file system. */
bool mbr_is_extended(uint8_t type);

#endif
