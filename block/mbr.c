/* SPDX-License-Identifier: MIT
 *
 * The table is judged in three steps: is there one, is each entry possible on this disk, do two of
 * them overlap. Sums are of 64 bits: a start and a count of 32 may pass 2^32.
 */
#include "block/mbr.h"

#include "include/uapi/errno.h"

#define TABLE_AT     446u
#define ENTRY_BYTES  16u
#define SIGNATURE_AT 510u

/* In an entry. */
#define STATUS_AT 0u
#define TYPE_AT   4u
#define START_AT  8u
#define COUNT_AT  12u

#define STATUS_BOOT     0x80u
#define TYPE_PROTECTIVE 0xeeu

/* Little endian, at any address. */
static uint32_t load_le32(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* Why the sector holds no table, or NULL. */
static const char *table_missing(const uint8_t *sector)
{
    if (sector[SIGNATURE_AT] != 0x55 || sector[SIGNATURE_AT + 1] != 0xaa)
        return "no partition table";
    for (unsigned i = 0; i < MBR_PARTS; i++)
        if (sector[TABLE_AT + i * ENTRY_BYTES + STATUS_AT] & ~STATUS_BOOT)
            return "a boot sector without partition table";
    return NULL;
}

static void entry_read(const uint8_t *sector, unsigned i, struct mbr_part *p)
{
    const uint8_t *entry = sector + TABLE_AT + i * ENTRY_BYTES;
    bool used = entry[TYPE_AT] != 0;

    p->number = (uint8_t)(i + 1);
    p->type = entry[TYPE_AT];
    p->start = used ? load_le32(entry + START_AT) : 0;
    p->count = used ? load_le32(entry + COUNT_AT) : 0;
}

/* Why a used entry can not be, or NULL. */
static const char *entry_wrong(const struct mbr_part *p, uint64_t disk_sectors)
{
    if (p->type == TYPE_PROTECTIVE)
        return "a GUID partition table, which is not read";
    if (p->count == 0)
        return "a partition without sectors";
    if (p->start == 0)
        return "a partition over the partition table";
    if ((uint64_t)p->start + p->count > disk_sectors)
        return "a partition beyond the end of the disk";
    return NULL;
}

/* Unused ones have no sectors, so nothing overlaps them. */
static bool overlap(const struct mbr_part *a, const struct mbr_part *b)
{
    return a->start < (uint64_t)b->start + b->count && b->start < (uint64_t)a->start + a->count;
}

static const char *table_wrong(const struct mbr_part *parts, uint64_t disk_sectors)
{
    const char *why;

    for (unsigned i = 0; i < MBR_PARTS; i++)
        if (parts[i].type != 0 && (why = entry_wrong(&parts[i], disk_sectors)))
            return why;
    for (unsigned i = 1; i < MBR_PARTS; i++)
        for (unsigned j = 0; j < i; j++)
            if (overlap(&parts[i], &parts[j]))
                return "partitions that overlap";
    return NULL;
}

int mbr_parse(const uint8_t sector[MBR_BYTES], uint64_t disk_sectors,
              struct mbr_part parts[MBR_PARTS], const char **why)
{
    int error = 0;

    for (unsigned i = 0; i < MBR_PARTS; i++)
        entry_read(sector, i, &parts[i]);
    if ((*why = table_missing(sector)))
        error = -ENOENT;
    else if ((*why = table_wrong(parts, disk_sectors)))
        error = -EINVAL;
    for (unsigned i = 0; error && i < MBR_PARTS; i++)
        parts[i] = (struct mbr_part){.number = (uint8_t)(i + 1)};
    return error;
}

bool mbr_is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}
