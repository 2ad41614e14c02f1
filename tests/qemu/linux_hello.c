/* SPDX-License-Identifier: MIT
 *
 * A program for Linux, made with the C libraries that Debian ships and run unmodified: arguments,
 * stdio with floating point, thread-local data, a heap. Its output and status are checked by
 * test_user.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread volatile double local = 3.25;

int main(int argc, char **argv)
{
    const size_t size = 1024 * 1024;
    unsigned char *heap = malloc(size);
    if (!heap)
        return 1;
    memset(heap, 64, size);
    printf("hello from %s, argc %d\n", argv[0], argc);
    printf("heap %zu bytes, sum %d\n", size, heap[0] + heap[size - 1]);
    printf("%.2f thread-local\n", local);
    free(heap);
    return argc == 3 ? 7 : 2;
}
